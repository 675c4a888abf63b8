"""/shop: what there is, what it costs, what the reader has; asked for, confirmed, bought once."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, TelegramObject

from yabot.bot.filters import Pressed
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.canonical import STORY_ID
from yabot.features.shop import scene
from yabot.features.shop.order import PATTERN, Order
from yabot.features.shop.service import (
    Offer,
    Refusal,
    Refused,
    Repriced,
    ShopService,
    Unaffordable,
)
from yabot.features.users.service import User

REFUSALS: dict[Refusal, str] = {
    "outdated": "shop-outdated",
    "already_owned": "shop-already-owned",
    "repeated": "shop-repeated",
}


class ShopHandlers:
    def __init__(self, shop: ShopService) -> None:
        self._shop = shop

    def register(self, routes: Router) -> None:
        routes.message.register(self.show, Command("shop"))
        routes.callback_query.register(self.show, Pressed("shop"))
        routes.callback_query.register(self.ask, Pressed(f"shop:{STORY_ID}"))
        routes.callback_query.register(self.buy, Pressed(PATTERN))
        routes.callback_query.register(self.decline, Pressed("buy:no"))

    async def show(self, _event: TelegramObject, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("shop")
        turn.acknowledge()
        counter = await self._shop.visit(user)
        language = user.language
        keyboard = scene.counter_keyboard(counter, language)
        turn.say(scene.counter_text(counter, language, t), keyboard)

    async def ask(self, query: CallbackQuery, turn: Turn, user: User, t: Localizer) -> None:
        item_id = (query.data or "").removeprefix("shop:")
        turn.interaction("shop_item", item_id=item_id)
        offer = await self._shop.offer(user, item_id)
        if not isinstance(offer, Offer):
            _refuse(turn, user, t, offer)
            return
        turn.acknowledge()
        _confirm(turn, user, t, offer)

    async def buy(self, query: CallbackQuery, turn: Turn, user: User, t: Localizer) -> None:
        order = Order.of(query.data or "")
        turn.interaction("purchase", item_id=order.item_id)
        turn.drop_pressed()
        bought = await self._shop.buy(turn.work, user, order)
        if not isinstance(bought, Offer):
            _refuse(turn, user, t, bought)
            return
        turn.acknowledge()
        title = scene.title(bought.item, user.language)
        said = f"{title}\n{t('shop-bought', balance=bought.left)}"
        turn.say(said, [[(t("shop-back"), scene.BACK)]])

    async def decline(self, _query: CallbackQuery, turn: Turn, t: Localizer) -> None:
        turn.interaction("purchase_declined")
        turn.acknowledge()
        turn.drop_pressed()
        turn.say(t("shop-declined"), [[(t("shop-back"), scene.BACK)]])


def _confirm(turn: Turn, user: User, t: Localizer, offer: Offer, preface: str = "") -> None:
    asked = preface + scene.question(offer, user.language, t)
    turn.say(asked, scene.answers(offer, turn.update.update_id, t))


def _refuse(turn: Turn, user: User, t: Localizer, why: Unaffordable | Repriced | Refused) -> None:
    match why:
        case Repriced(offer):
            turn.reject("price_changed")
            turn.acknowledge()
            _confirm(turn, user, t, offer, f"{t('shop-price-changed')}\n\n")
        case Unaffordable(offer):
            turn.reject("insufficient")
            turn.acknowledge()
            said = t("shop-insufficient", price=offer.price, missing=why.missing)
            turn.say(f"{scene.title(offer.item, user.language)}\n{said}")
        case Refused(reason):
            turn.reject(reason)
            turn.acknowledge(t(REFUSALS[reason]))
