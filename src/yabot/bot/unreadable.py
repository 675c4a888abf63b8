"""Rows that this version cannot read are kept, and tried again on start or assignment."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from yabot.observability.logging import get_logger

log = get_logger(__name__)

# Rows read by one query.
AT_ONCE = 200
_BEFORE_ALL = -1

# A row begins with its id.
Row = TypeVar("Row", bound=tuple[Any, ...])


class Tried(NamedTuple):
    """How many of our rows can be read now, and how many still cannot."""

    understood: int
    left: int


async def try_again(
    what: str,
    after: Callable[[int], Awaitable[Sequence[Row]]],
    restore: Callable[[Sequence[Row]], Awaitable[Tried]],
) -> None:
    """``after`` reads the next rows after an id, in the order of ids; ``restore`` lets those wait
    again that can be read. Raises what they raise.
    """
    understood, left, last = 0, 0, _BEFORE_ALL
    while rows := await after(last):
        tried = await restore(rows)
        understood, left = understood + tried.understood, left + tried.left
        last = rows[-1][0]
    if understood or left:
        log.warning(f"{what}.unreadable", understood=understood, left=left)
