"""Causes, their receipts, and what each follower still has to make true."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment, RowId

# What is left of an update that is handled, and of a message that is sent or never will be.
BLANK = "{}"

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
    # Why MongoDB has not taken it; absent while nothing speaks against it.
    Column("refused", Text),
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
    # Weighted count of the server errors with which Telegram has answered the call.
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
Index(
    "ix_outgoing_unreadable",
    outgoing.c.id,
    sqlite_where=outgoing.c.state == "unreadable",
    postgresql_where=outgoing.c.state == "unreadable",
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("user_id", Text, index=True),
    Column("details", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
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

MIGRATIONS = Path(__file__).parent / "migrations"
"""Also those of the tables of bot, bus and coordinator."""

TABLES: tuple[Table, ...] = (
    receipts,
    user_counters,
    doc_changes,
    partitions,
    outbox,
    outgoing,
    audit_log,
    group_members,
    partition_owners,
)
