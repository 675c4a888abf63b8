"""What MongoDB answers to a write of many documents of which it has not taken all."""

from typing import Any

from yabot.error_phrases import known_phrases
from yabot.errors import StoreUnavailable

DUPLICATE_KEY = 11000
ID = ["_id"]


def errors_in(details: Any) -> dict[int, str | None]:
    """By their index, operations without effect, and why: None where they met a document.

    Raises StoreUnavailable.
    """
    for entry in details["writeConcernErrors"]:
        raise StoreUnavailable("MongoDB", f"it may lose what it has written: {_told(entry)}")
    return {
        entry["index"]: None if _has_met_document(entry) else _told(entry)
        for entry in details["writeErrors"]
    }


def _has_met_document(entry: Any) -> bool:
    """One with the same id: somebody may have made another index that takes nothing twice."""
    return entry["code"] == DUPLICATE_KEY and list(entry.get("keyPattern", ID)) == ID


def _told(entry: Any) -> str:
    """MongoDB quotes documents in what it says of them."""
    phrases = known_phrases(str(entry.get("errmsg", "")))
    return f"error {entry['code']}" + (f", {phrases}" if phrases else "")
