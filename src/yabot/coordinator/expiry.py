"""Workflows that are closed for good."""

from sqlalchemy import Exists, select

from yabot.bus.expiry import has_open_letter
from yabot.coordinator.tables import workflows
from yabot.log.retention import Ages, Rule
from yabot.log.tables import audit_log

_closed = workflows.c.state.in_(("finished", "failed")) & workflows.c.deadline.is_(None)
_being_undone = workflows.c.state.in_(("compensating", "stuck"))


def expired(ages: Ages) -> list[Rule]:
    # If the row were gone, a retried event would begin the workflow anew.
    may_come_again = has_open_letter(workflows.c.user_id)
    return [Rule(workflows, _closed & (workflows.c.updated_at < ages.old) & ~may_come_again)]


def explains_compensation() -> Exists:
    """True for a row of the audit log while a workflow of its user is compensating or stuck: an
    operator may ask what has been undone of it."""
    same_user = workflows.c.user_id.is_not_distinct_from(audit_log.c.user_id)
    return select(workflows.c.id).where(_being_undone, same_user).exists()
