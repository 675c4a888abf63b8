"""Which rows of the log nobody needs any more: published, old enough, and no part of what is
still open."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, false, func, select

from yabot.log.retention import Ages, Rule
from yabot.log.tables import audit_log, outbox, partitions, receipts


def expired(
    ages: Ages,
    lasting: Sequence[str],
    unread: ColumnElement[bool],
    unread_since: ColumnElement[datetime],
    needed: ColumnElement[bool],
) -> list[Rule]:
    """Rows of the audit log stay if their kind is ``lasting`` or they are ``needed``; events stay
    while they are ``unread``.

    A receipt must outlive every delivery of its event, also when a group has handled that event and
    not an earlier one. So receipts from ``unread_since`` on stay; it is NULL when all is read.
    """
    passing = audit_log.c.kind.not_in(lasting)
    may_come_again = func.coalesce(receipts.c.committed_at >= unread_since, false())
    return [
        Rule(outbox, (outbox.c.created_at < ages.old) & _published() & ~unread),
        Rule(audit_log, passing & (audit_log.c.created_at < ages.old) & ~needed),
        Rule(receipts, (receipts.c.committed_at < ages.very_old) & ~may_come_again),
    ]


def _published() -> ColumnElement[bool]:
    reached = (
        select(partitions.c.published_pos)
        .where(partitions.c.partition == outbox.c.partition)
        .scalar_subquery()
    )
    return outbox.c.pos <= reached
