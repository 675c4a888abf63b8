from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

# One row for each user who is in the old store and in the new ones, or is about to be.
legacy_users = Table(
    "legacy_users",
    metadata,
    Column("user_id", Text, primary_key=True),
    # What both sides agreed on last: an OldUser as JSON, and its digest. Null for a user who was
    # only here, until the old store has them.
    Column("base", Text),
    Column("digest", Text),
    # Counts our writes of this user into the old store.
    Column("mark", BigInteger, nullable=False),
    # Earlier bases by their marks: the old bot may write back what it read before.
    Column("formers", Text),
    # What is being written there, as an OldUser in JSON: it may have arrived already.
    Column("writing", Text),
    # Whether something here has changed that the old store does not show yet.
    Column("waits", Boolean, nullable=False),
    # imported: the user is there because of it; merged: they were before; ours: they were only here
    Column("origin", Text, nullable=False),
    # How many events the import has published of them. An imported user whose counter is equal has
    # done nothing since.
    Column("events", BigInteger, nullable=False),
    Column("imported_at", Moment, nullable=False),
    Index("ix_legacy_users_waits", "waits"),
    sqlite_with_rowid=False,
)

# Users whose entry in the old store is to be written or removed; the commit that changes a user
# notes them here.
legacy_waiting = Table(
    "legacy_waiting",
    metadata,
    Column("user_id", Text, primary_key=True),
    # Counts how often they were noted: a user who was noted again meanwhile is looked at again.
    Column("times", BigInteger, nullable=False),
    # Whether they have been deleted here: if they come back, their entry is written anew.
    Column("removed", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

# All migrations; the last one counts.
legacy_migrations = Table(
    "legacy_migrations",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    # importing, dual, completed, rolling_back or rolled_back
    Column("phase", Text, nullable=False),
    # The ``kind`` of the source.
    Column("kind", Text, nullable=False),
    Column("path", Text, nullable=False),
    # The path of the copy that was made before anything was changed.
    Column("snapshot", Text, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    # The counts of its report, as JSON; no names, no texts.
    Column("report", Text, nullable=False),
)

TABLES = (legacy_users, legacy_waiting, legacy_migrations)
