"""Which updates and messages go: old ones that no longer wait."""

from sqlalchemy import ColumnElement, Connection, select

from yabot.bot.tables import shown_pages, updates
from yabot.log.retention import Ages, Rule
from yabot.log.tables import outgoing
from yabot.storage.relational.database import insert_new


def expired(ages: Ages) -> list[Rule]:
    handled = (updates.c.state != "waiting") & (updates.c.received_at < ages.old)
    ended = (outgoing.c.state != "waiting") & (outgoing.c.created_at < ages.old)
    return [Rule(updates, handled), Rule(outgoing, ended, _remember_pages)]


def _remember_pages(connection: Connection, rows: ColumnElement[bool]) -> None:
    """Keep which page each of the messages ``rows`` shows, before they go."""
    columns = (outgoing.c.chat_id, outgoing.c.message_id, outgoing.c.content_id)
    shows = (outgoing.c.state == "sent") & outgoing.c.content_id.is_not(None)
    has_id = outgoing.c.message_id.is_not(None)
    names = [column.name for column in columns]
    connection.execute(
        insert_new(connection, shown_pages).from_select(
            names, select(*columns).where(rows, shows, has_id)
        )
    )
