"""The rows that a commit appends for whoever follows it."""

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from yabot.clock import utc_now
from yabot.log.documents import CheckedDocuments
from yabot.log.tables import doc_changes, outbox, outgoing, receipts
from yabot.log.unit_of_work import Cause, DocumentChange, Message, UnitOfWork
from yabot.storage.relational.database import Statement, insert_new
from yabot.storage.relational.prepared import Prepared

_add_receipt = Prepared(lambda connection: insert_new(connection, receipts))


def take_receipt(connection: Connection, cause: Cause) -> bool:
    row = {"consumer": cause.consumer, "cause_id": cause.id, "committed_at": utc_now()}
    return _add_receipt.run(connection, row) == 1


_receipt = select(receipts.c.consumer).where(
    receipts.c.consumer == bindparam("who"), receipts.c.cause_id == bindparam("what")
)


def has_receipt(cause: Cause) -> Statement[bool]:
    where = {"who": cause.consumer, "what": cause.id}
    return lambda connection: connection.execute(_receipt, where).first() is not None


add_event = Prepared(insert(outbox))
_add_change = Prepared(insert(doc_changes).returning(doc_changes.c.id))
_add_message = Prepared(insert(outgoing).returning(outgoing.c.id))


def append_documents(
    connection: Connection, changes: CheckedDocuments
) -> tuple[tuple[int, DocumentChange], ...]:
    appended = []
    for change, document in changes:
        row = {
            "user_id": change.user_id,
            "from_version": change.from_version,
            "document": document,
        }
        appended.append((_id(_add_change.first(connection, row)), change))
    return tuple(appended)


def append_messages(connection: Connection, work: UnitOfWork) -> tuple[tuple[int, Message], ...]:
    now = utc_now()
    appended = []
    for n, message in enumerate(work.messages):
        row = {
            "cause_id": work.cause.receipt,
            "n": n,
            "chat_id": message.chat_id,
            "method": message.method,
            "payload": message.payload,
            "state": "waiting",
            "content_id": message.content_id,
            "created_at": now,
        }
        appended.append((_id(_add_message.first(connection, row)), message))
    return tuple(appended)


def _id(row: tuple[Any, ...] | None) -> int:
    assert row is not None, "an INSERT with RETURNING gives the row"
    return int(row[0])
