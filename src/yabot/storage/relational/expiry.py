"""Which rows nobody needs any more: finished, old enough, and no part of what is still open."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Exists, Table, select

from yabot.storage.relational.tables import (
    audit_log,
    dead_letters,
    group_positions,
    ingested,
    outbox,
    outgoing,
    partitions,
    receipts,
    updates,
    workflows,
)

Rule = tuple[Table, ColumnElement[bool]]

_settled = dead_letters.c.state.in_(("resolved", "discarded"))
_dead = dead_letters.c.state == "dead"
_closed = workflows.c.state.in_(("finished", "failed")) & workflows.c.deadline.is_(None)
_being_undone = workflows.c.state.in_(("compensating", "stuck"))


def expired(
    before: datetime, long_before: datetime, groups: Sequence[str], lasting: Sequence[str]
) -> list[Rule]:
    """For each table the rows to be removed; ``groups`` are those that read the log, and of a
    ``lasting`` kind are the rows of the audit log that stay for good.

    Receipts go only when they are from ``long_before``, and so does what is remembered of other
    services' events: they must outlive whatever could be delivered once more. So do letters that
    nobody has looked after.
    """
    return [
        (updates, (updates.c.state != "waiting") & (updates.c.received_at < before)),
        (outgoing, (outgoing.c.state != "waiting") & (outgoing.c.created_at < before)),
        (outbox, _published() & ~_still_to_come(groups) & (outbox.c.created_at < before)),
        (dead_letters, _settled & (dead_letters.c.last_failed_at < before)),
        (dead_letters, _dead & (dead_letters.c.last_failed_at < long_before)),
        (workflows, _closed & ~_may_be_retried() & (workflows.c.updated_at < before)),
        (audit_log, _passing(lasting) & ~_is_needed() & (audit_log.c.created_at < before)),
        (ingested, ingested.c.ingested_at < long_before),
        (receipts, receipts.c.committed_at < long_before),
    ]


def _published() -> ColumnElement[bool]:
    reached = (
        select(partitions.c.published_pos)
        .where(partitions.c.partition == outbox.c.partition)
        .scalar_subquery()
    )
    return outbox.c.pos <= reached


def _still_to_come(groups: Sequence[str]) -> Exists:
    """A group has not handled the event yet."""
    return (
        select(group_positions.c.pos)
        .where(
            group_positions.c.partition == outbox.c.partition,
            group_positions.c.name.in_(groups),
            group_positions.c.pos < outbox.c.pos,
        )
        .exists()
    )


def _may_be_retried() -> Exists:
    """An event of the workflow's user, which would begin it anew if its row were gone."""
    same_user = dead_letters.c.user_id.is_not_distinct_from(workflows.c.user_id)
    return select(dead_letters.c.id).where(~_settled, same_user).exists()


def _passing(lasting: Sequence[str]) -> ColumnElement[bool]:
    return audit_log.c.kind.not_in(lasting)


def _is_needed() -> Exists:
    """By whoever looks at a workflow of that user, and asks what has been undone of it."""
    same_user = workflows.c.user_id.is_not_distinct_from(audit_log.c.user_id)
    return select(workflows.c.id).where(_being_undone, same_user).exists()
