"""/balance: what the reader has, and what happened last."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import TelegramObject

from yabot.bot.filters import Pressed
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.features.besitos.model import Movement
from yabot.features.besitos.service import BesitosService
from yabot.features.users.service import User

SHOWN = 10


def router() -> Router:
    routes = Router(name="besitos")
    routes.message.register(show_balance, Command("balance"))
    routes.callback_query.register(show_balance, Pressed("balance"))
    return routes


async def show_balance(
    _event: TelegramObject, turn: Turn, user: User, t: Localizer, besitos: BesitosService
) -> None:
    turn.interaction("balance")
    turn.acknowledge()
    found = await besitos.overview(user.user_id, SHOWN)
    said = t("besitos-balance", balance=found.balance)
    if found.movements:
        lines = [_line(movement, t) for movement in found.movements]
        turn.say("\n".join([said, "", t("besitos-movements"), *lines]))
    else:
        turn.say(f"{said}\n\n{t('besitos-no-movements')}")


def _line(movement: Movement, t: Localizer) -> str:
    key = "besitos-received" if movement.amount > 0 else "besitos-given"
    return t(key, amount=abs(movement.amount), reason=_reason(movement, t))


def _reason(movement: Movement, t: Localizer) -> str:
    """The reason's text, from the feature that has one; otherwise a general text."""
    direction = "in" if movement.amount > 0 else "out"
    try:
        return t(f"besitos-reason-{movement.reason}", direction=direction)
    except LookupError:
        return t("besitos-reason-other", direction=direction)
