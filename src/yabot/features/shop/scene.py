"""The shop in words and buttons."""

from html import escape

from yabot.bot.localization import Localizer
from yabot.bot.measure import LONGEST, plain_text, units
from yabot.bot.message import Keyboard
from yabot.features.items.entry import MAX_ITEMS
from yabot.features.items.model import Item, in_language
from yabot.features.shop.order import Order
from yabot.features.shop.service import Counter, Offer

BACK = "shop"


def counter_text(counter: Counter, language: str, t: Localizer) -> str:
    """The shop's message, with as many of the reader's items as it has room for: a reader from
    another bot may have brought hundreds.
    """
    for_sale = _for_sale(counter, language, t)
    balance = t("besitos-balance", balance=counter.balance)
    for most in range(min(len(counter.owned), MAX_ITEMS), 0, -1):
        text = "\n\n".join([for_sale, _belongings(counter, most, language, t), balance])
        if units(plain_text(text)) <= LONGEST["text"]:
            return text
    return f"{for_sale}\n\n{balance}"


def counter_keyboard(counter: Counter, language: str) -> Keyboard:
    return [[(_label(item, language), f"shop:{item.item_id}")] for item in counter.for_sale]


def question(offer: Offer, language: str, t: Localizer) -> str:
    said = t("shop-ask", price=offer.price, balance=offer.balance)
    description = in_language(offer.item.metadata.description, language)
    return f"{title(offer.item, language)}\n{escape(description, quote=False)}\n\n{said}"


def answers(offer: Offer, nonce: int, t: Localizer) -> Keyboard:
    order = Order(offer.item.item_id, offer.price, nonce)
    return [[(t("shop-yes"), order.data)], [(t("shop-no"), "buy:no")]]


def title(item: Item, language: str) -> str:
    name = escape(in_language(item.name, language), quote=False)
    return f"{escape(item.metadata.emoji)} <b>{name}</b>"


def _for_sale(counter: Counter, language: str, t: Localizer) -> str:
    if not counter.for_sale:
        return t("shop-empty")
    lines = [_priced(item, language, t) for item in counter.for_sale]
    return "\n".join([t("shop-counter"), "", *lines])


def _priced(item: Item, language: str, t: Localizer) -> str:
    price = t("shop-price", price=item.metadata.price or 0)
    return f"{title(item, language)} · {price}"


def _belongings(counter: Counter, most: int, language: str, t: Localizer) -> str:
    lines = [_owned(item, quantity, language) for item, quantity in counter.owned[:most]]
    left = len(counter.owned) - len(lines)
    more = [t("shop-owned-more", count=left)] if left else []
    return "\n".join([t("shop-owned"), *lines, *more])


def _owned(item: Item, quantity: int, language: str) -> str:
    said = title(item, language)
    return said if item.metadata.unique else f"{said} × {quantity}"


def _label(item: Item, language: str) -> str:
    """A button's text, which has no markup."""
    name = in_language(item.name, language)
    return f"{item.metadata.emoji} {name} · {item.metadata.price} 💋"
