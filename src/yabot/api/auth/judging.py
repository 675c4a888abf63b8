"""Whoever counts requests without a valid token is told of each, wherever it is found out."""

from collections.abc import Awaitable, Callable

from yabot.api.answering.problems import Refused
from yabot.api.phases import Message

# Is told of a request without a valid token, by its scope: gives what that is to be answered.
Judge = Callable[[Message, Refused], Awaitable[Refused]]


async def judged(judge: Judge, scope: Message, refused: Refused) -> Refused:
    """What is to be answered to a request that is ``refused``, for its token or for anything."""
    return await judge(scope, refused) if refused.kind.status == 401 else refused
