"""Which rows of the log nobody needs any more: published, old enough, and no part of what is
still open."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from yabot.log.retention import Ages, Rule
from yabot.log.tables import audit_log, outbox, partitions, receipts


def expired(
    ages: Ages, lasting: Sequence[str], unread: ColumnElement[bool], needed: ColumnElement[bool]
) -> list[Rule]:
    """``lasting`` kinds of rows of the audit log stay for good, and so do rows of it that are
    ``needed``, and events that are ``unread``.

    Receipts must outlive whatever could be delivered once more.
    """
    passing = audit_log.c.kind.not_in(lasting)
    return [
        Rule(outbox, (outbox.c.created_at < ages.old) & _published() & ~unread),
        Rule(audit_log, passing & (audit_log.c.created_at < ages.old) & ~needed),
        Rule(receipts, receipts.c.committed_at < ages.very_old),
    ]


def _published() -> ColumnElement[bool]:
    reached = (
        select(partitions.c.published_pos)
        .where(partitions.c.partition == outbox.c.partition)
        .scalar_subquery()
    )
    return outbox.c.pos <= reached
