"""How far the groups of subscribers are, what they failed on, and what came from outside."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment, RowId

# How far each group is: all events up to ``pos`` have taken effect or are dead letters.
group_positions = Table(
    "group_positions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("pos", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Groups that stopped because too many of their events became dead letters, and that no operator has
# let go on yet.
group_stops = Table(
    "group_stops",
    metadata,
    Column("name", Text, primary_key=True),
    # How many of the last hundred events.
    Column("dead_letters", Integer, nullable=False),
    Column("stopped_at", Moment, nullable=False),
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

# Events of other services that were taken in: the order of later ones is checked against them.
ingested = Table(
    "ingested",
    metadata,
    Column("event_id", Text, primary_key=True),
    # The user's id, or the correlation id of an event without user.
    Column("lane", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Text, nullable=False, index=True),
    # Microseconds since 1970, by the sender's clock, but not before its causes.
    Column("happened_us", BigInteger, nullable=False),
    Column("ingested_at", Moment, nullable=False),
    Index("ix_ingested_lane_happened_us", "lane", "happened_us"),
    # A service may give all its events one correlation id: queries read only an end of the range.
    Index("ix_ingested_correlation_id", "correlation_id", "event_type", "happened_us"),
    sqlite_with_rowid=False,
)

# Events that other services have posted by the API, until they are taken in.
posted_events = Table(
    "posted_events",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    # Who has posted it, as their token names them.
    Column("service", Text, nullable=False),
    Column("user_id", Text, index=True),
    Column("envelope", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

TABLES: tuple[Table, ...] = (
    group_positions,
    group_stops,
    dead_letters,
    ingested,
    posted_events,
)
