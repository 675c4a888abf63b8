"""/gift: besitos from one reader to another, asked for, confirmed, and handed over once."""

import re
from dataclasses import dataclass
from typing import Literal

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from yabot import canonical
from yabot.bot.filters import Pressed
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.features.besitos.gift_notices import GiftNotices
from yabot.features.besitos.service import BesitosService
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import guard
from yabot.runtime.buckets import Buckets

Refusal = Literal[
    "invalid_amount", "unknown_recipient", "own_gift", "insufficient", "too_many_searches"
]

REFUSALS: dict[Refusal, str] = {
    "invalid_amount": "besitos-gift-amount",
    "unknown_recipient": "besitos-gift-unknown",
    "own_gift": "besitos-gift-own",
    "insufficient": "besitos-gift-insufficient",
    "too_many_searches": "besitos-gift-searches",
}
# Recipients that one reader may look for: at once, and how many more an hour.
SEARCHES_AT_ONCE = 20
SEARCHES_PER_HOUR = 20
# With the @.
LONGEST_NAME = 33
_AMOUNT = re.compile("[1-9][0-9]*")
# In one gift: a button has room for twelve digits.
MOST = 10**12 - 1


@dataclass(frozen=True, slots=True)
class Gift:
    """What the confirming button carries.

    ``nonce`` is the id of the update that asked: a button that is pressed twice, or under a
    question that was sent twice, is the same gift.
    """

    recipient_id: str
    amount: int
    nonce: int

    @property
    def data(self) -> str:
        return f"gift:{self.recipient_id}:{self.amount}:{self.nonce}"

    @classmethod
    def of(cls, data: str) -> "Gift":
        _, recipient_id, amount, nonce = data.split(":")
        return cls(canonical.user_id(recipient_id) or "", int(amount), int(nonce))


class GiftHandler:
    def __init__(self, users: UserService, besitos: BesitosService, notices: GiftNotices) -> None:
        self._users = users
        self._besitos = besitos
        self._notices = notices
        self._searches = Buckets(SEARCHES_AT_ONCE, SEARCHES_PER_HOUR / 3600)

    def register(self, routes: Router) -> None:
        routes.message.register(self.ask, Command("gift"))
        data = "gift:[0-9]{1,16}:[1-9][0-9]{0,11}:[0-9]{1,12}"
        routes.callback_query.register(self.give, Pressed(data))
        routes.callback_query.register(self.keep, Pressed("gift:no"))

    async def ask(
        self, _message: Message, command: CommandObject, turn: Turn, user: User, t: Localizer
    ) -> None:
        turn.interaction("gift")
        balance = await self._besitos.balance(user.user_id)
        words = (command.args or "").split()
        if len(words) != 2:
            turn.say(t("besitos-gift-how", balance=balance))
            return
        who, amount = words
        if not _AMOUNT.fullmatch(amount):
            _refuse(turn, t, "invalid_amount")
        elif int(amount) > min(balance, MOST):
            # Before the search: a reader with too little must not learn who is here.
            _refuse(turn, t, "insufficient", balance=balance)
        elif not turn.tokens.take(self._searches, user.user_id):
            _refuse(turn, t, "too_many_searches")
        else:
            await self._ask_for(turn, t, user, who, int(amount))

    async def _ask_for(self, turn: Turn, t: Localizer, user: User, who: str, amount: int) -> None:
        recipient = await self._find(who)
        if recipient is None:
            _refuse(turn, t, "unknown_recipient", who=who[:LONGEST_NAME])
        elif recipient.user_id == user.user_id:
            _refuse(turn, t, "own_gift")
        else:
            _confirm(turn, t, recipient, who, amount)

    async def give(self, query: CallbackQuery, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("gift_confirmed")
        turn.drop_pressed()
        gift = Gift.of(query.data or "")
        if gift.recipient_id == user.user_id:
            turn.acknowledge()
            _refuse(turn, t, "own_gift")
            return
        # Our question has counted as a search already; data that we did not offer is a new one.
        is_search = not _is_offered(query)
        if is_search and not turn.tokens.may_take(self._searches, user.user_id):
            turn.acknowledge()
            _refuse(turn, t, "too_many_searches")
            return
        key = f"gift:{user.user_id}:{gift.nonce}"
        outcome = await self._besitos.transfer(
            turn.work, user.user_id, gift.recipient_id, gift.amount, key=key
        )
        if outcome == "repeated":
            turn.reject("outdated")
            turn.acknowledge(t("besitos-gift-repeated"))
            return
        turn.acknowledge()
        balance = await self._besitos.balance(user.user_id)
        recipient = await self._users.find(gift.recipient_id)
        if outcome in ("insufficient", "unknown_sender"):
            # A giver deleted meanwhile has nothing. With enough by now, the guard lets us decide
            # again.
            guard(balance < gift.amount, f"the account of user {user.user_id}")
            _refuse(turn, t, "insufficient", balance=balance)
        elif outcome == "unknown_recipient" or recipient is None:
            if is_search:
                turn.tokens.take(self._searches, user.user_id)
            # Without a name: the button does not say by which name the giver knows the recipient.
            turn.reject("unknown_recipient")
            turn.say(t("besitos-gift-gone"))
        else:
            left = balance - gift.amount
            turn.say(t("besitos-gift-given", amount=gift.amount, balance=left))
            await self._notices.tell(turn.work, user.profile, gift.recipient_id, gift.amount)

    async def keep(self, _query: CallbackQuery, turn: Turn, t: Localizer) -> None:
        turn.decline("gift_declined", t("besitos-gift-kept"))

    async def _find(self, who: str) -> User | None:
        user_id = canonical.user_id(who)
        if user_id is not None:
            return await self._users.find(user_id)
        return await self._users.find_by_username(who)


def _is_offered(query: CallbackQuery) -> bool:
    """Whether the message has this button, as Telegram tells us: a client can send any data."""
    keyboard = query.message.reply_markup if isinstance(query.message, Message) else None
    rows = keyboard.inline_keyboard if keyboard else []
    return any(button.callback_data == query.data for row in rows for button in row)


def _confirm(turn: Turn, t: Localizer, recipient: User, who: str, amount: int) -> None:
    """Names the recipient as the giver did: an id must not reveal the username."""
    gift = Gift(recipient.user_id, amount, turn.update.update_id)
    name = canonical.username(who)
    question = t("besitos-gift-ask", amount=amount, who=f"@{name}" if name else recipient.user_id)
    turn.say(question, [[(t("besitos-gift-yes"), gift.data)], [(t("besitos-gift-no"), "gift:no")]])


def _refuse(turn: Turn, t: Localizer, why: Refusal, **variables: str | int) -> None:
    turn.reject(why)
    turn.say(t(REFUSALS[why], **variables))
