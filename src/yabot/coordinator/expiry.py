"""Workflows that are closed for good."""

from sqlalchemy import Exists, select

from yabot.bus.expiry import has_open_letter
from yabot.coordinator.tables import workflows
from yabot.log.retention import Ages, Rule
from yabot.log.tables import audit_log

_closed = workflows.c.state.in_(("finished", "failed")) & workflows.c.deadline.is_(None)
_being_undone = workflows.c.state.in_(("compensating", "stuck"))


def expired(ages: Ages) -> list[Rule]:
    # An event that is tried again would begin the workflow anew if its row were gone.
    may_come_again = has_open_letter(workflows.c.user_id)
    return [Rule(workflows, _closed & (workflows.c.updated_at < ages.old) & ~may_come_again)]


def explains_compensation() -> Exists:
    """Of a row of the audit log: whoever looks at a workflow of that user asks what has been
    undone of it."""
    same_user = workflows.c.user_id.is_not_distinct_from(audit_log.c.user_id)
    return select(workflows.c.id).where(_being_undone, same_user).exists()
