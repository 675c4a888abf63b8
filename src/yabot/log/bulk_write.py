"""Reads MongoDB's answer to a bulk write that has failed in part."""

from typing import Any

from yabot.error_phrases import known_phrases
from yabot.errors import StoreUnavailable

DUPLICATE_KEY = 11000
ID = ["_id"]


def errors_in(details: Any) -> dict[int, str | None]:
    """The failed operations by index, each with its reason; None where the ``_id`` existed already.

    Raises StoreUnavailable when the write concern was not met.
    """
    for entry in details["writeConcernErrors"]:
        raise StoreUnavailable("MongoDB", f"it may lose what it has written: {_told(entry)}")
    return {
        entry["index"]: None if _has_met_document(entry) else _told(entry)
        for entry in details["writeErrors"]
    }


def _has_met_document(entry: Any) -> bool:
    """Whether the ``_id`` existed; a unique index that somebody has added does not count."""
    return entry["code"] == DUPLICATE_KEY and list(entry.get("keyPattern", ID)) == ID


def _told(entry: Any) -> str:
    """Only code and known phrases: MongoDB's message quotes documents."""
    phrases = known_phrases(str(entry.get("errmsg", "")))
    return f"error {entry['code']}" + (f", {phrases}" if phrases else "")
