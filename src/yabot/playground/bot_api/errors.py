"""Refusals, worded as Telegram words them: programs compare these descriptions."""

from yabot.errors import TerminalError


class BotApiError(TerminalError):
    """``status`` is the HTTP status and Telegram's ``error_code``; ``parameters`` its hints."""

    code = "bot_api_error"

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        self.status = status
        self.description = description
        self.parameters = parameters
        super().__init__(description)


def bad_request(what: str) -> BotApiError:
    return BotApiError(400, f"Bad Request: {what}")


def forbidden(what: str) -> BotApiError:
    return BotApiError(403, f"Forbidden: {what}")


def not_built(what: str) -> BotApiError:
    return BotApiError(501, f"Not Implemented: the playground {what}")


UNAUTHORIZED = BotApiError(401, "Unauthorized")
NOT_FOUND = BotApiError(404, "Not Found")
