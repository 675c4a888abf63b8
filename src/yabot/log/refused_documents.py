"""Documents that SQL has committed and MongoDB refuses: they are set aside and reported.

They hold up no other documents. Their readers notice nothing: the newest document is read from its
row until MongoDB has it. The follower offers them again with each look, because the reason may have
been removed; a newer document of the same user makes an older one needless.
"""

from collections.abc import Callable

from sqlalchemy import Connection, bindparam, delete, exists, func, select, update

from yabot.events.envelope import EventPayload
from yabot.events.failures import DocumentRefused
from yabot.log.documents import StoredRow
from yabot.log.tables import doc_changes, user_counters
from yabot.log.unit_of_work import DocumentChange
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Database, Statement

log = get_logger(__name__)

AT_ONCE = 200

_set_aside = (
    update(doc_changes)
    .where(doc_changes.c.id == bindparam("row"), doc_changes.c.refused.is_(None))
    .values(refused=bindparam("reason"))
)
_overtaken = delete(doc_changes).where(
    doc_changes.c.refused.is_not(None),
    exists().where(
        user_counters.c.user_id == doc_changes.c.user_id,
        user_counters.c.state_version > doc_changes.c.from_version + 1,
    ),
)
_count = select(func.count()).where(doc_changes.c.refused.is_not(None))
_page = (
    select(doc_changes)
    .where(doc_changes.c.refused.is_not(None), doc_changes.c.id > bindparam("after"))
    .order_by(doc_changes.c.id)
    .limit(AT_ONCE)
)


class RefusedDocuments:
    def __init__(self, database: Database) -> None:
        self._database = database
        # Publishes an event that belongs to no user.
        self.tell: Callable[[EventPayload], None] = lambda _event: None
        # Gets a sentence while there are refused documents, and None when there are none any more.
        self.on_refused: Callable[[str | None], None] = lambda _reason: None
        # The row id up to which refused documents have been offered again in this round.
        self._offered = 0

    async def set_aside(self, row_id: int, change: DocumentChange, reason: str) -> None:
        """Mark the row and report it, once for all processes; no effect if its user was deleted."""
        values = {"row": row_id, "reason": reason}
        is_new = await self._database.write(
            lambda connection: connection.execute(_set_aside, values).rowcount == 1
        )
        if is_new:
            version = change.from_version + 1
            log.error("document.refused", user_id=change.user_id, version=version, reason=reason)
            self.tell(DocumentRefused(reason=reason))
            self._report(await self._database.read(_counted))

    async def next(self) -> list[StoredRow]:
        """The next refused documents, each user's newest; call by call, all have their turn."""
        count, rows = await self._database.write(_look(self._offered))
        self._offered = rows[-1].id if len(rows) == AT_ONCE else 0
        self._report(count)
        return rows

    def _report(self, count: int) -> None:
        self.on_refused(
            f"MongoDB refuses the documents of {count} readers: see document.refused in the log, "
            "and `yabot audit stores`"
            if count
            else None
        )


def _counted(connection: Connection) -> int:
    return connection.execute(_count).scalar_one()


def _look(after: int) -> Statement[tuple[int, list[StoredRow]]]:
    def look(connection: Connection) -> tuple[int, list[StoredRow]]:
        count = connection.execute(_count).scalar_one()
        if not count:
            return 0, []
        connection.execute(_overtaken)
        count = connection.execute(_count).scalar_one()
        return count, list(connection.execute(_page, {"after": after}))

    return look
