from sqlalchemy import BigInteger, Column, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

# One row for each thing that administrators have been told of.
alerts = Table(
    "alerts",
    metadata,
    Column("subject", Text, primary_key=True),
    # The key of its text, and the text's variables as JSON.
    Column("text", Text, nullable=False),
    Column("variables", Text, nullable=False),
    Column("told_at", Moment, nullable=False),
    # How often it has happened since then.
    Column("untold", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
