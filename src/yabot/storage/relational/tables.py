"""The log: causes, their receipts, and what each follower still has to make true.

The tables of features stand in their own packages, on the same metadata.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, UniqueConstraint

from yabot.storage.relational.types import Moment, RowId

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# What is left of an update that is handled, and of a message that is sent or never will be.
BLANK = "{}"

updates = Table(
    "updates",
    metadata,
    Column("bot_id", BigInteger, primary_key=True),
    Column("update_id", BigInteger, primary_key=True),
    Column("user_id", Text),
    Column("partition", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("received_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)
Index(
    "ix_updates_waiting",
    updates.c.bot_id,
    updates.c.update_id,
    sqlite_where=updates.c.state == "waiting",
    postgresql_where=updates.c.state == "waiting",
)

Index(
    "ix_updates_unreadable",
    updates.c.bot_id,
    updates.c.update_id,
    sqlite_where=updates.c.state == "unreadable",
    postgresql_where=updates.c.state == "unreadable",
)

receipts = Table(
    "receipts",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("cause_id", Text, primary_key=True),
    Column("committed_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

user_counters = Table(
    "user_counters",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("state_version", BigInteger, nullable=False),
    # Microseconds since 1970: the time stamp of the user's newest event.
    Column("last_event_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

doc_changes = Table(
    "doc_changes",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("user_id", Text, nullable=False, index=True),
    # The change leads from this state_version to the next one.
    Column("from_version", BigInteger, nullable=False),
    # The whole new document as JSON; absent for a deletion.
    Column("document", Text),
    sqlite_autoincrement=True,
)

partitions = Table(
    "partitions",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("last_pos", BigInteger, nullable=False),
    Column("published_pos", BigInteger, nullable=False),
)

# The log of events. A position counts within its partition, without gaps, and is given in the
# transaction that publishes the event, under the lock of the partition's row: whoever sees
# position n sees all before it.
outbox = Table(
    "outbox",
    metadata,
    Column("partition", Integer, primary_key=True),
    Column("pos", BigInteger, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("user_id", Text, index=True),
    Column("event_type", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

outgoing = Table(
    "outgoing",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("cause_id", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("method", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message_id", BigInteger),
    # What the message shows, for reactions to it.
    Column("content_id", Text),
    Column("created_at", Moment, nullable=False),
    # With how many of its own Telegram has answered it, as they are weighed.
    Column("errors", Integer),
    UniqueConstraint("cause_id", "n"),
    Index("ix_outgoing_chat_id_message_id", "chat_id", "message_id"),
    sqlite_autoincrement=True,
)
Index(
    "ix_outgoing_waiting",
    outgoing.c.id,
    sqlite_where=outgoing.c.state == "waiting",
    postgresql_where=outgoing.c.state == "waiting",
)

# Which page a message shows, when its row in ``outgoing`` is gone: reactions to it still count.
shown_pages = Table(
    "shown_pages",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("content_id", Text, nullable=False),
    sqlite_with_rowid=False,
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("user_id", Text),
    Column("details", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

# How far each group of subscribers is: all up to ``pos`` has taken effect or is a dead letter.
group_positions = Table(
    "group_positions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("pos", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Which processes share the work of a group; on the database's clock, in microseconds.
group_members = Table(
    "group_members",
    metadata,
    Column("name", Text, primary_key=True),
    Column("member", Text, primary_key=True),
    Column("expires_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Who does a group's work in a partition. The token rises with each new owner: a commit that
# carries an old one fails.
partition_owners = Table(
    "partition_owners",
    metadata,
    Column("name", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("member", Text),
    Column("token", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Events that a subscriber failed on: while it still tries (retrying), when it has given up (dead),
# when an operator wants it tried again (retry), and after that (resolved, discarded).
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("consumer", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("user_id", Text),
    Column("event_type", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("note", Text),
    Column("first_failed_at", Moment, nullable=False),
    Column("last_failed_at", Moment, nullable=False),
    UniqueConstraint("consumer", "event_id"),
    Index("ix_dead_letters_state", "state"),
    sqlite_autoincrement=True,
)

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
    # Rises with each step: one that was decided on another version fails its guard. It begins with
    # the moment of the start, so that no two workflows under one id ever have the same version.
    Column("version", BigInteger, nullable=False),
    Column("deadline", Moment),
    # How often its deadline or its compensation has failed since the last step, and with what.
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    # JSON: the steps to be undone if it fails, and why it has failed.
    Column("done", Text, nullable=False),
    Column("failure", Text),
    # Of the cause of the last step.
    Column("correlation_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_workflows_kind_state", "kind", "state"),
)
Index(
    "ix_workflows_deadline",
    workflows.c.deadline,
    sqlite_where=workflows.c.deadline.is_not(None),
    postgresql_where=workflows.c.deadline.is_not(None),
)

# Events of other services that were taken in: those that are still to come are held against them.
ingested = Table(
    "ingested",
    metadata,
    Column("event_id", Text, primary_key=True),
    # The user's id, or the correlation id of an event without user.
    Column("lane", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("correlation_id", Text, nullable=False, index=True),
    Column("causation_id", Text, nullable=False, index=True),
    # Microseconds since 1970, by the sender's clock, but not before its causes.
    Column("happened_us", BigInteger, nullable=False),
    Column("ingested_at", Moment, nullable=False),
    Index("ix_ingested_lane_happened_us", "lane", "happened_us"),
    sqlite_with_rowid=False,
)

# Webhooks that this installation has set, by their addresses: it takes away no others.
own_webhooks = Table(
    "own_webhooks",
    metadata,
    Column("bot_id", BigInteger, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("set_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

LOG_TABLES: tuple[Table, ...] = (
    updates,
    receipts,
    user_counters,
    doc_changes,
    partitions,
    outbox,
    outgoing,
    shown_pages,
    audit_log,
    group_positions,
    group_members,
    partition_owners,
    dead_letters,
    workflows,
    ingested,
    own_webhooks,
)
