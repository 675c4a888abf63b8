"""Users are merged many in one commit. Where that fails, each half is tried by itself: so one who
cannot be merged keeps nobody else from it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from yabot.errors import GuardFailed, TerminalError
from yabot.features.users.states import StateUnusable

U = TypeVar("U")
R = TypeVar("R")

# Decisions about several before they are halved: whoever keeps changing is then left to one half.
ATTEMPTS = 2
# What a store or a model refuses: one of the users is the reason.
UNMERGEABLE = (TerminalError, StateUnusable, ValueError, SQLAlchemyError)


async def in_halves(
    users: Sequence[U], take: Callable[[Sequence[U]], Awaitable[R]]
) -> AsyncIterator[tuple[Sequence[U], R | Exception]]:
    """What ``take`` gives for all of them, or for each part that it can take at once; for one who
    is alone and cannot be taken, why. Raises what else it raises.
    """
    try:
        outcome: R | Exception = await take(users)
    except (GuardFailed, *UNMERGEABLE) as error:
        outcome = error
    if not isinstance(outcome, Exception) or len(users) == 1:
        yield users, outcome
        return
    middle = len(users) // 2
    for half in (users[:middle], users[middle:]):
        async for part in in_halves(half, take):
            yield part
