"""The errors of faults, in Telegram's words."""

from yabot.playground.bot_api.errors import BotApiError, bad_request, forbidden
from yabot.playground.faults.fault import Fault


class NotTelegram(Exception):
    """Something in between answers, and not in the Bot API's way."""


def refusal_of(fault: Fault) -> BotApiError:
    """The error that answers the call; it is lost where the connection was dropped."""
    if fault.kind == "flood":
        seconds = fault.retry_after
        return BotApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
    if fault.kind == "forbidden":
        return forbidden("bot was blocked by the user")
    if fault.kind == "bad_request":
        return bad_request("a fault of the playground refuses this call")
    if fault.kind == "bad_gateway":
        return BotApiError(502, "Bad Gateway")
    return BotApiError(500, "Internal Server Error")
