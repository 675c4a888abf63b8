"""What the API keeps in SQL."""

from sqlalchemy import Column, Index, Integer, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

# The answer to each request that changed something, by who asked and with which key: the same
# request again gets the same answer.
api_answers = Table(
    "api_answers",
    metadata,
    Column("service", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # Of the request: another one with the same key is refused.
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    # JSON of what stands in it besides the body.
    Column("headers", Text, nullable=False),
    # Absent when its user has been forgotten.
    Column("body", Text),
    # Whom it is about.
    Column("user_id", Text),
    Column("created_at", Moment, nullable=False),
    Index("ix_api_answers_user_id", "user_id"),
    Index("ix_api_answers_created_at", "created_at"),
    sqlite_with_rowid=False,
)

# Of the program itself, by what each is for; hexadecimal.
api_secrets = Table(
    "api_secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

TABLES: tuple[Table, ...] = (api_answers, api_secrets)
