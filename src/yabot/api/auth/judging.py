"""Reports each request without a valid token to a judge, wherever that is found out."""

from collections.abc import Awaitable, Callable
from types import TracebackType

from yabot.api.answering.problems import Refused
from yabot.api.phases import Message

# Gets the ASGI scope and the refusal of a request without a valid token; gives the refusal to be
# answered.
Judge = Callable[[Message, Refused], Awaitable[Refused]]


class Judging:
    """A context for checks of a request's token. Replaces a refusal of the token by the judge's;
    other refusals pass as they are.
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
