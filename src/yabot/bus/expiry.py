"""Dead letters and remembered events of other services that nobody needs any more."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Exists, ScalarSelect, func, select

from yabot.bus.tables import dead_letters, group_positions, ingested
from yabot.log.retention import Ages, Rule
from yabot.log.tables import outbox

_closed = dead_letters.c.state.in_(("resolved", "discarded"))
_dead = dead_letters.c.state == "dead"


def expired(ages: Ages) -> list[Rule]:
    """Dead letters that nobody has dealt with stay longer. So do rows of ``ingested``: they must
    outlive every repeated delivery of their event."""
    return [
        Rule(dead_letters, _closed & (dead_letters.c.last_failed_at < ages.old)),
        Rule(dead_letters, _dead & (dead_letters.c.last_failed_at < ages.very_old)),
        Rule(ingested, ingested.c.ingested_at < ages.very_old),
    ]


def unread(groups: Sequence[str]) -> Exists:
    """True for a row of the outbox that one of these groups has not handled yet."""
    return (
        select(group_positions.c.pos)
        .where(
            group_positions.c.partition == outbox.c.partition,
            group_positions.c.name.in_(groups),
            group_positions.c.pos < outbox.c.pos,
        )
        .exists()
    )


def unread_since(groups: Sequence[str]) -> ScalarSelect[datetime]:
    """``created_at`` of the oldest event that one of these groups has not handled; NULL if none.

    One lookup for each group and partition: the first unhandled event there is the oldest.
    """
    later = outbox.alias()
    first = (
        select(func.min(later.c.pos))
        .where(
            later.c.partition == group_positions.c.partition,
            later.c.pos > group_positions.c.pos,
        )
        .scalar_subquery()
    )
    return (
        select(func.min(outbox.c.created_at))
        .where(
            group_positions.c.name.in_(groups),
            outbox.c.partition == group_positions.c.partition,
            outbox.c.pos == first,
        )
        .scalar_subquery()
    )


def has_open_letter(user_id: ColumnElement[str]) -> Exists:
    """True if an event of that user may still be tried again."""
    same_user = dead_letters.c.user_id.is_not_distinct_from(user_id)
    return select(dead_letters.c.id).where(~_closed, same_user).exists()
