"""Refusals of the reader's side."""

from yabot.errors import TerminalError


class Refused(TerminalError):
    """``status`` is the HTTP status; the message is for the person at the page."""

    code = "playground_refused"

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)
