"""Makes MongoDB hold what SQL has committed: each user's newest document, or none.

A change carries the whole document, so applying it is "put this version there unless a newer
one is": doing it again, or late, is harmless (ADR 0004).
"""

from collections import deque
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import DeleteOne, ReplaceOne
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern
from sqlalchemy import Connection, and_, bindparam, delete, exists, select

from yabot.errors import StoreUnavailable
from yabot.log.bulk_write import errors_in
from yabot.log.commit_log import Committed
from yabot.log.documents import DocumentInvalid, StoredRow, stored_change
from yabot.log.refused_documents import RefusedDocuments
from yabot.log.tables import doc_changes, user_counters
from yabot.log.unit_of_work import DocumentChange
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.documents.model import VersionedDocument
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, Statement
from yabot.storage.relational.prepared import Prepared

log = get_logger(__name__)

# The id of the row in SQL, and the change.
Row = tuple[int, DocumentChange]
BATCH = 200
SWEEP_SECONDS = 30.0
# While MongoDB is away the rows in SQL are enough; memory stays bounded.
REMEMBERED = 5000
# A row is kept until its version can no longer be rolled back by a failover.
LASTING = ReadConcern("majority")


class DocumentFollower:
    """Told of each commit by ``notice``; its loop applies what waits. A crash anywhere only makes
    it apply a change again.
    """

    def __init__(
        self,
        database: Database,
        store: DocumentStore,
        collection: str,
        model: type[VersionedDocument],
        *,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._database = database
        self._store = store
        self._collection = collection
        self._model = model
        self._fresh: deque[Row] = deque()
        # By user, the oldest version that we have or may have inserted, not knowing yet whether the
        # user had been deleted in SQL before.
        self._inserted: dict[str, int] = {}
        # What an earlier process left is applied first.
        self._behind = True
        self.refused = RefusedDocuments(database)
        self._sweep_seconds = sweep_seconds
        self._looked_at = 0.0
        self.loop = WakingLoop("documents", self._follow, sweep_seconds)

    def notice(self, committed: Committed) -> None:
        if not committed.documents:
            return
        self._fresh.extend(committed.documents)
        if len(self._fresh) > REMEMBERED:
            self._fresh.clear()
            self._behind = True
        self.loop.wake()

    def look_again(self) -> None:
        """Read SQL again: it may hold rows of which ``notice`` was not told."""
        self._behind = True
        self.loop.wake()

    @property
    def caught_up(self) -> bool:
        return not self._behind and not self._fresh

    async def catch_up(self) -> None:
        """Apply every row that waits in SQL. Raises StoreUnavailable."""
        self._looked_at = monotonic()
        while rows := await self._read_waiting():
            await self._database.write(_gone(await self._take(rows)))
            await self._delete_what_came_late()
        if refused := await self.refused.next():
            await self._database.write(_gone(await self._take(refused)))
        # A failed attempt may have inserted documents whose rows are gone by now.
        await self._delete_what_came_late()

    async def _read_waiting(self) -> list[StoredRow]:
        # Every change in memory is in SQL too, unless it was erased with its user: then applying it
        # from memory, after the deletion, would bring the document back.
        self._fresh.clear()
        return await self._database.read(_waiting)

    async def _take(self, rows: list[StoredRow]) -> list[Row]:
        """Apply ``rows``; returns those that MongoDB has now. Raises StoreUnavailable."""
        readable: deque[Row] = deque()
        for row in rows:
            try:
                readable.append((row.id, stored_change(self._model, row)))
            except DocumentInvalid as error:
                change = DocumentChange(row.user_id, row.from_version, None)
                await self.refused.set_aside(row.id, change, error.reason)
        applied = []
        while readable:
            applied += await self._apply(_next_batch(readable))
        return applied

    async def _follow(self) -> None:
        # ``notice`` is not told of commits whose confirmation was lost, or of another process's.
        if monotonic() - self._looked_at >= self._sweep_seconds:
            self._behind = True
        try:
            while not self.caught_up:
                await self._advance()
        except Exception:
            self._behind = True
            raise

    async def _advance(self) -> None:
        if self._behind:
            self._behind = False
            await self.catch_up()
            return
        applied = await self._apply(_next_batch(self._fresh))
        self._database.write_later(_gone(applied))
        await self._delete_what_came_late()

    async def _apply(self, batch: list[Row]) -> list[Row]:
        """Apply ``batch``; returns the rows that MongoDB has now, and sets aside what it refuses.

        Raises StoreUnavailable, also when MongoDB may still lose a version.
        """
        refused: dict[str, str] = {}
        changes = [change for _, change in batch]
        while changes:
            # An insert that met a document came too late, or raced with another write: the document
            # may be an older version, and may be gone by now.
            changes = await self._without_effect(await self._write(changes, refused))
        for row_id, change in batch:
            if change.user_id in refused:
                await self.refused.set_aside(row_id, change, refused[change.user_id])
        applied = [row for row in batch if row[1].user_id not in refused]
        log.debug("documents.applied", users=[change.user_id for _, change in applied])
        return applied

    async def _write(
        self, changes: list[DocumentChange], refused: dict[str, str]
    ) -> list[DocumentChange]:
        """Write ``changes``; returns those whose insert met a document. Adds to ``refused``, by
        user, why MongoDB does not take a change.
        """
        operations = [_operation(change) for change in changes]
        try:
            with self._store.answering():
                result = await self._store[self._collection].bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            self._remember(changes[entry["index"]] for entry in error.details["upserted"])
            errors = errors_in(error.details)
            refused |= {changes[index].user_id: told for index, told in errors.items() if told}
            return [changes[index] for index, told in errors.items() if told is None]
        except StoreUnavailable:
            # Any of the changes may have been applied.
            self._remember(changes)
            raise
        self._remember(changes[index] for index in result.upserted_ids or ())
        return []

    def _remember(self, inserted: Iterable[DocumentChange]) -> None:
        for change in inserted:
            if change.document is not None:
                version = change.from_version + 1
                self._inserted[change.user_id] = min(
                    version, self._inserted.get(change.user_id, version)
                )

    async def _without_effect(self, met: list[DocumentChange]) -> list[DocumentChange]:
        """The changes of ``met`` of which MongoDB has neither this version nor a newer one."""
        if not met:
            return []
        users = {"_id": {"$in": [change.user_id for change in met]}}
        lasting = self._store[self._collection].with_options(read_concern=LASTING)
        with self._store.answering():
            found = await lasting.find(users, {"version": 1}).to_list()
        versions = {document["_id"]: document["version"] for document in found}
        return [change for change in met if versions.get(change.user_id, 0) <= change.from_version]

    async def _delete_what_came_late(self) -> None:
        """Repeat deletions after which we have inserted a document.

        Another process may have committed and applied a deletion while we held an older change; the
        rows that would correct this were erased with it. A deletion that SQL does not show yet has
        its own row, and will find our document. Raises StoreUnavailable; the next call asks again.
        """
        if not self._inserted:
            return
        deletions = await self._database.read(_deletions_behind(self._inserted))
        if deletions:
            await self._write(deletions, {})
        self._inserted.clear()


def _operation(change: DocumentChange) -> ReplaceOne[dict[str, Any]] | DeleteOne:
    # ``$not`` also matches a version that somebody has made something other than a number: such a
    # document would outlive its user.
    older = {"_id": change.user_id, "version": {"$not": {"$gt": change.from_version}}}
    if change.document is None:
        return DeleteOne(older)
    assert change.encoded is not None, "every commit encodes it"
    return ReplaceOne(older, RawBSONDocument(change.encoded), upsert=True)


def _next_batch(rows: deque[Row]) -> list[Row]:
    """The oldest rows, at most one a user: an unordered write has no order within a user."""
    batch: dict[str, Row] = {}
    while rows and len(batch) < BATCH and rows[0][1].user_id not in batch:
        row = rows.popleft()
        batch[row[1].user_id] = row
    return list(batch.values())


_page = (
    select(doc_changes)
    .where(doc_changes.c.refused.is_(None))
    .order_by(doc_changes.c.id)
    .limit(BATCH)
)


def _waiting(connection: Connection) -> list[StoredRow]:
    return list(connection.execute(_page))


_newest_waits = exists().where(
    and_(
        doc_changes.c.user_id == user_counters.c.user_id,
        doc_changes.c.from_version == user_counters.c.state_version - 1,
        doc_changes.c.document.is_not(None),
    )
)
_moved_on = select(user_counters.c.user_id, user_counters.c.state_version).where(
    user_counters.c.user_id.in_(bindparam("users", expanding=True)), ~_newest_waits
)


def _deletions_behind(inserted: Mapping[str, int]) -> Statement[list[DocumentChange]]:
    """Deletions for users whose version has moved on and for whom no newest document waits.

    A waiting row of the deletion itself does not count: it may have been applied already. Where the
    newest document has already arrived, deleting older versions finds nothing.
    """

    def read(connection: Connection) -> list[DocumentChange]:
        return [
            DocumentChange(row.user_id, row.state_version - 1, None)
            for row in connection.execute(_moved_on, {"users": list(inserted)})
            if row.state_version > inserted[row.user_id]
        ]

    return read


_remove = Prepared(delete(doc_changes).where(doc_changes.c.id == bindparam("row")))


def _gone(rows: list[Row]) -> Statement[None]:
    def remove(connection: Connection) -> None:
        if rows:
            _remove.run_many(connection, [{"row": row_id} for row_id, _ in rows])

    return remove
