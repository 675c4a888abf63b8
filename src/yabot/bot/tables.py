"""What the bot keeps: updates that came in, pages that messages show, webhooks it has set."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

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

# Which page a message shows, when its row in ``outgoing`` is gone: reactions to it still count.
shown_pages = Table(
    "shown_pages",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("content_id", Text, nullable=False),
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

TABLES: tuple[Table, ...] = (
    updates,
    shown_pages,
    own_webhooks,
)
