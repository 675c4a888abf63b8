"""Merges many users in one commit. If that fails, each half is tried by itself, so that one user
who cannot be merged does not hold up the others.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from yabot.errors import GuardFailed, TerminalError
from yabot.features.users.states import StateUnusable

U = TypeVar("U")
R = TypeVar("R")

# Attempts at several users before they are halved, so that one who keeps changing delays fewer.
ATTEMPTS = 2
# Errors with which a store or a model refuses one of the users.
UNMERGEABLE = (TerminalError, StateUnusable, ValueError, SQLAlchemyError)


async def in_halves(
    users: Sequence[U], take: Callable[[Sequence[U]], Awaitable[R]]
) -> AsyncIterator[tuple[Sequence[U], R | Exception]]:
    """Yield what ``take`` gives for all of them, or for each part that it can take at once; for a
    single user whom it cannot take, the error. Raises all other errors of ``take``.
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
