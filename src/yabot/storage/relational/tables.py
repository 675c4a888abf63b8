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

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("partition", Integer, nullable=False),
    # Given by the relay: the event's place in its partition's stream.
    Column("pos", BigInteger),
    Column("user_id", Text, index=True),
    Column("event_type", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("partition", "pos"),
    sqlite_autoincrement=True,
)
Index(
    "ix_outbox_unplaced",
    outbox.c.id,
    sqlite_where=outbox.c.pos.is_(None),
    postgresql_where=outbox.c.pos.is_(None),
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

LOG_TABLES: tuple[Table, ...] = (
    updates,
    receipts,
    user_counters,
    doc_changes,
    partitions,
    outbox,
    outgoing,
    audit_log,
)
