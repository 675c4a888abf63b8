"""Whoever counts requests without a valid token is told of each, wherever it is found out."""

from collections.abc import Awaitable, Callable
from types import TracebackType

from yabot.api.answering.problems import Refused
from yabot.api.phases import Message

# Is told of a request without a valid token, by its scope: gives what that is to be answered.
Judge = Callable[[Message, Refused], Awaitable[Refused]]


class Judging:
    """Around what finds out about a request's token. Raises what is to be answered instead of what
    is refused there for the token; other refusals, as they are.
    """

    def __init__(self, judge: Judge, scope: Message) -> None:
        self._judge = judge
        self._scope = scope

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, Refused) and error.kind.status == 401:
            raise await self._judge(self._scope, error) from None
