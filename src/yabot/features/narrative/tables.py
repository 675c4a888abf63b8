from sqlalchemy import BigInteger, Column, Index, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

# One row for each replacement of a fragment, kept for good: MongoDB follows; this is the history.
fragment_changes = Table(
    "fragment_changes",
    metadata,
    # The story in MongoDB says up to which number it has them; each is decided on all before it.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("fragment_id", Text, nullable=False),
    # The story for which the change was decided; over another one it has no effect.
    Column("base_revision", Text, nullable=False),
    # The fragment, as JSON.
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("ix_fragment_changes_fragment_id", "fragment_id"),
)
