"""Decisions that rest on what was read: made again when it has changed before the commit."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from yabot.errors import GuardFailed

T = TypeVar("T")

# Of one decision, until somebody is told that it cannot be made.
MOST = 8


async def decide(
    decision: Callable[[], Awaitable[T]], on_again: Callable[[GuardFailed], None]
) -> T:
    """What ``decision`` gives, which reads, decides and commits; ``on_again`` hears why it is
    called once more.

    Raises GuardFailed when the state has changed under every one of them.
    """
    for _ in range(1, MOST):
        try:
            return await decision()
        except GuardFailed as error:
            on_again(error)
    return await decision()
