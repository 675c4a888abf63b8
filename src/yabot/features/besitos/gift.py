"""/gift: besitos from one reader to another, asked for, confirmed, and handed over once."""

import re
from dataclasses import dataclass
from typing import Literal

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from yabot import outside
from yabot.bot.filters import Pressed
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.features.besitos.service import BesitosService
from yabot.features.users.model import Profile
from yabot.features.users.names import shown_name
from yabot.features.users.notices import Notices
from yabot.features.users.service import User, UserService

Refusal = Literal["invalid_amount", "unknown_recipient", "own_gift", "insufficient"]

REFUSALS: dict[Refusal, str] = {
    "invalid_amount": "besitos-gift-amount",
    "unknown_recipient": "besitos-gift-unknown",
    "own_gift": "besitos-gift-own",
    "insufficient": "besitos-gift-insufficient",
}
# With the @.
LONGEST_NAME = 33
_AMOUNT = re.compile("[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class Gift:
    """What the confirming button carries.

    ``nonce`` is the id of the update that asked: pressed twice, or under a question that was sent
    twice, it is the same gift.
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
        return cls(outside.user_id(recipient_id) or "", int(amount), int(nonce))


class GiftHandler:
    def __init__(self, users: UserService, besitos: BesitosService, notices: Notices) -> None:
        self._users = users
        self._besitos = besitos
        self._notices = notices

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
        recipient = await self._find(who)
        if not _AMOUNT.fullmatch(amount):
            _refuse(turn, t, "invalid_amount")
        elif recipient is None:
            _refuse(turn, t, "unknown_recipient", who=who[:LONGEST_NAME])
        elif recipient.user_id == user.user_id:
            _refuse(turn, t, "own_gift")
        elif int(amount) > balance:
            _refuse(turn, t, "insufficient", balance=balance)
        else:
            _confirm(turn, t, recipient, int(amount))

    async def give(self, query: CallbackQuery, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("gift_confirmed")
        turn.drop_pressed()
        gift = Gift.of(query.data or "")
        if gift.recipient_id == user.user_id:
            turn.acknowledge()
            _refuse(turn, t, "own_gift")
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
        if outcome == "insufficient":
            _refuse(turn, t, outcome, balance=balance)
        elif outcome == "unknown_recipient" or recipient is None:
            _refuse(turn, t, "unknown_recipient", who=gift.recipient_id)
        else:
            left, who = balance - gift.amount, _handle(recipient.profile)
            turn.say(t("besitos-gift-given", amount=gift.amount, who=who, balance=left))
            await self._tell(turn, user.profile, gift)

    async def keep(self, _query: CallbackQuery, turn: Turn, t: Localizer) -> None:
        turn.interaction("gift_declined")
        turn.acknowledge()
        turn.drop_pressed()
        turn.say(t("besitos-gift-kept"))

    async def _find(self, who: str) -> User | None:
        user_id = outside.user_id(who)
        if user_id is not None:
            return await self._users.find(user_id)
        return await self._users.find_by_username(who)

    async def _tell(self, turn: Turn, giver: Profile, gift: Gift) -> None:
        def say(t: Localizer) -> str:
            return t("besitos-gift-received", amount=gift.amount, who=shown_name(giver, t))

        await self._notices.tell(turn.work, gift.recipient_id, say)


def _confirm(turn: Turn, t: Localizer, recipient: User, amount: int) -> None:
    gift = Gift(recipient.user_id, amount, turn.update.update_id)
    question = t("besitos-gift-ask", amount=amount, who=_handle(recipient.profile))
    turn.say(question, [[(t("besitos-gift-yes"), gift.data)], [(t("besitos-gift-no"), "gift:no")]])


def _refuse(turn: Turn, t: Localizer, why: Refusal, **variables: str | int) -> None:
    turn.reject(why)
    turn.say(t(REFUSALS[why], **variables))


def _handle(profile: Profile) -> str:
    """How the giver knows the recipient: never by a name that only the id leads to."""
    return f"@{profile.username}" if profile.username else profile.user_id
