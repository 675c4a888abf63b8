"""What a version cannot read it keeps, and whoever begins to work there tries it again."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from yabot.observability.logging import get_logger

log = get_logger(__name__)

# Rows that are looked at together.
AT_ONCE = 200
_BEFORE_ALL = -1

# It begins with its id.
Row = TypeVar("Row", bound=tuple[Any, ...])


class Tried(NamedTuple):
    """How many of the rows that concern us are readable by now, and how many are not."""

    understood: int
    left: int


async def try_again(
    what: str,
    after: Callable[[int], Awaitable[Sequence[Row]]],
    restore: Callable[[Sequence[Row]], Awaitable[Tried]],
) -> None:
    """``after`` reads the next rows behind the one with this id, in the order of their ids, and
    ``restore`` lets those wait that can be read. Raises what they raise.
    """
    understood, left, last = 0, 0, _BEFORE_ALL
    while rows := await after(last):
        tried = await restore(rows)
        understood, left = understood + tried.understood, left + tried.left
        last = rows[-1][0]
    if understood or left:
        log.warning(f"{what}.unreadable", understood=understood, left=left)
