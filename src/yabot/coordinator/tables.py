"""Where each workflow stands."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

# Process managers: where each stands, and when it wants to be woken.
workflows = Table(
    "workflows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user_id", Text, index=True),
    Column("partition", Integer, nullable=False),
    Column("state", Text, nullable=False),
    # JSON, as version ``definition`` of the kind's model wrote it.
    Column("data", Text, nullable=False),
    Column("definition", Integer, nullable=False),
    # Rises with each step: a step decided on another version fails its guard. It begins with the
    # time of the start, so that successive workflows with one id never have the same version.
    Column("version", BigInteger, nullable=False),
    Column("deadline", Moment),
    # How often its deadline or its compensation has failed since the last step, and with what.
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    # ``done`` is JSON: the steps to be undone if it fails. ``failure`` is why it has failed.
    Column("done", Text, nullable=False),
    Column("failure", Text),
    # The correlation id of the last step's cause.
    Column("correlation_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_workflows_kind_state", "kind", "state"),
    Index("ix_workflows_created_at", "created_at", "id"),
)
Index(
    "ix_workflows_deadline",
    workflows.c.deadline,
    sqlite_where=workflows.c.deadline.is_not(None),
    postgresql_where=workflows.c.deadline.is_not(None),
)

TABLES: tuple[Table, ...] = (workflows,)
