"""A user's document in the forms in which the stores keep it, checked before anything happens."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import bson
import sqlalchemy
from bson.errors import BSONError
from pydantic import BaseModel

from yabot.error_text import error_text
from yabot.errors import TerminalError
from yabot.log.unit_of_work import DocumentChange

# MongoDB takes 16 MiB, including what its oplog adds to a document.
MOST_BYTES = 15 * 1024 * 1024
# Documents and lists within each other.
DEEPEST = 100


# Each change as MongoDB will get it, and its document as JSON for the row in SQL.
CheckedDocuments = Sequence[tuple[DocumentChange, str | None]]


# A row of ``doc_changes``.
StoredRow = sqlalchemy.Row[Any]


class DocumentInvalid(TerminalError):
    """The document breaks its model, or MongoDB would not take it."""

    code = "document_invalid"

    def __init__(self, user_id: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the document of user {user_id} cannot be stored: {reason}")


def checked(change: DocumentChange) -> tuple[DocumentChange, str | None]:
    """The change with its BSON, and its JSON for SQL; None for a deletion.

    Raises DocumentInvalid, so that neither store has to refuse it later.
    """
    document = change.document
    if document is None:
        return change, None
    with _refused(change.user_id):
        row = document.model_dump_json(by_alias=True)
        type(document).model_validate_json(row)
    return replace(change, encoded=_encoded(change.user_id, document, row)), row


def stored_change(model: type[BaseModel], row: StoredRow) -> DocumentChange:
    """The change that a row holds. Raises DocumentInvalid when another version has committed a
    document that this one cannot read or store.
    """
    if row.document is None:
        return DocumentChange(row.user_id, row.from_version, None)
    with _refused(row.user_id):
        document = model.model_validate_json(row.document)
    encoded = _encoded(row.user_id, document, row.document)
    return DocumentChange(row.user_id, row.from_version, document, encoded)


def _encoded(user_id: str, document: BaseModel, row: str) -> bytes:
    """``row`` is its JSON."""
    values = document.model_dump(by_alias=True)
    # A document with fewer brackets cannot be nested so deeply.
    if row.count("{") + row.count("[") > DEEPEST and _is_deeper(values, DEEPEST):
        raise DocumentInvalid(user_id, f"it is nested deeper than {DEEPEST} levels")
    with _refused(user_id):
        encoded = bson.encode(values)
    if len(encoded) > MOST_BYTES:
        raise DocumentInvalid(user_id, f"it has {len(encoded)} bytes; {MOST_BYTES} are the most")
    return encoded


@contextmanager
def _refused(user_id: str) -> Iterator[None]:
    """Turn errors into DocumentInvalid in our own words: a library's would quote the document."""
    try:
        yield
    except (ValueError, OverflowError, BSONError) as error:
        raise DocumentInvalid(user_id, error_text(error)) from None


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return False
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in value)
