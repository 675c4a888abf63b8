from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

# One row for each user whom the old store and the new ones have both, or are about to.
legacy_users = Table(
    "legacy_users",
    metadata,
    Column("user_id", Text, primary_key=True),
    # On what both sides agreed last: an OldUser as JSON, and its digest. Of who was only here, none
    # until the old store has them.
    Column("base", Text),
    Column("digest", Text),
    # Counts our writes of this user into the old store.
    Column("mark", BigInteger, nullable=False),
    # The bases under earlier marks, by those: the old bot may hand back what it read before.
    Column("formers", Text),
    # What is being written there, as an OldUser in JSON: it may have arrived already.
    Column("writing", Text),
    # Whether something here has changed that the old store does not show yet.
    Column("waits", Boolean, nullable=False),
    # imported: the user is there because of it; merged: they were before; ours: they were only here
    Column("origin", Text, nullable=False),
    # How many events the import has published of them. An imported user whose counter says so has
    # done nothing since.
    Column("events", BigInteger, nullable=False),
    Column("imported_at", Moment, nullable=False),
    Index("ix_legacy_users_waits", "waits"),
    sqlite_with_rowid=False,
)

# Whose entry in the old store is to be written, or taken out of it: they are noted in the very
# commit that changes them.
legacy_waiting = Table(
    "legacy_waiting",
    metadata,
    Column("user_id", Text, primary_key=True),
    # Counts how often they were noted: who was noted once more is looked at once more.
    Column("times", BigInteger, nullable=False),
    # Whether they have been deleted here: what they come back with is written anew.
    Column("removed", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

# The migrations that there were; the last one is the one that counts.
legacy_migrations = Table(
    "legacy_migrations",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    # importing, dual, completed, rolling_back or rolled_back
    Column("phase", Text, nullable=False),
    # Of the source, as it names itself.
    Column("kind", Text, nullable=False),
    Column("path", Text, nullable=False),
    # Of the copy that was made before anything was changed.
    Column("snapshot", Text, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    # Counts of its report, as JSON; no names, no texts.
    Column("report", Text, nullable=False),
)

TABLES = (legacy_users, legacy_waiting, legacy_migrations)
