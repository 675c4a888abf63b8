"""How a stored file looks in Telegram's Message, by its kind."""

import json
import mimetypes
import sqlite3
from typing import Any, Literal

from yabot.playground import images
from yabot.playground.store import files
from yabot.playground.store.database import Transaction

Json = dict[str, Any]
UNKNOWN = "application/octet-stream"
Kind = Literal["photo", "document", "sticker", "voice"]


class NoPicture(ValueError):
    """A photo or a sticker that no browser could show."""


def store(
    tx: Transaction, kind: Kind, name: str, mime_type: str, body: bytes, duration: int = 1
) -> Json:
    """The Message's field for the new file. ``duration`` in seconds is for voices."""
    if mime_type == UNKNOWN:
        mime_type = mimetypes.guess_type(name)[0] or UNKNOWN
    extra: dict[str, int] = {"duration": duration} if kind == "voice" else {}
    if kind in {"photo", "sticker"}:
        size = images.size_of(body)
        if size is None:
            raise NoPicture
        extra = {"width": size[0], "height": size[1]}
    return field_of(files.add(tx, kind, name, mime_type, body, extra))


def field_of(row: sqlite3.Row) -> Json:
    """The Message's field for a file that is stored already."""
    ids = {"file_id": row["file_id"], "file_unique_id": row["unique_id"]}
    described: Json = {**ids, **json.loads(row["extra"]), "file_size": row["size"]}
    if row["kind"] == "photo":
        return {"photo": [described]}
    if row["kind"] == "sticker":
        return {
            "sticker": {**described, "type": "regular", "is_animated": False, "is_video": False}
        }
    named: Json = {} if row["kind"] == "voice" else {"file_name": row["name"]}
    return {row["kind"]: {**described, **named, "mime_type": row["mime_type"]}}
