"""Files, one for each upload; messages refer to them by id."""

import hashlib
import secrets
import sqlite3
from pathlib import PurePosixPath

from yabot.playground.store.database import Transaction, to_json

_DESCRIBED = "file_id, unique_id, path, kind, name, mime_type, extra, length(body) AS size"


def add(
    tx: Transaction, kind: str, name: str, mime_type: str, body: bytes, extra: dict[str, int]
) -> sqlite3.Row:
    """The stored file as ``find`` gives it. ``kind``: photo, document, sticker or voice; ``extra``:
    Telegram's further fields for this kind, such as its width.
    """
    file_id = f"{kind[0].upper()}gAC{secrets.token_urlsafe(36)}"
    unique_id = hashlib.sha256(body).hexdigest()[:16]
    (count,) = tx.rows("SELECT count(*) AS n FROM files")
    path = f"{kind}s/file_{count['n']}{PurePosixPath(name).suffix[:12]}"
    tx.execute(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        file_id,
        unique_id,
        path,
        kind,
        name,
        mime_type,
        to_json(extra),
        body,
    )
    (row,) = tx.rows(f"SELECT {_DESCRIBED} FROM files WHERE file_id = ?", file_id)  # noqa: S608
    return row


def find(tx: Transaction, file_id: str) -> sqlite3.Row | None:
    """All but the content."""
    return tx.row(f"SELECT {_DESCRIBED} FROM files WHERE file_id = ?", file_id)  # noqa: S608


def read(tx: Transaction, *, file_id: str = "", path: str = "") -> sqlite3.Row | None:
    """``body`` and ``mime_type`` of the file with this id or path."""
    return tx.row("SELECT body, mime_type FROM files WHERE file_id = ? OR path = ?", file_id, path)
