"""Ids and references, as a story file writes them."""

import re

from yabot.features.narrative.story.draft import Ref
from yabot.features.narrative.story.model import ID_PATTERN
from yabot.features.narrative.story.value import Value
from yabot.lookalikes import foreign_letter

ID_RULE = "must be 1 to 24 characters of a-z, 0-9 and _"


def read_id(value: Value | None) -> str | None:
    """The id in ``value``; None after noting why it is not an id."""
    written = value.text() if value else None
    if value and written and not re.fullmatch(ID_PATTERN, written):
        value.complain(f"{ID_RULE}, not '{written}'{_why(written)}")
        return None
    return written


def read_ref(value: Value | None) -> Ref | None:
    """The id that ``value`` mentions, with its line; ``links`` checks that it exists."""
    written = value.text() if value else None
    if value and written and (why := _why(written)):
        # Such text is never an id; "does not exist" would not help its author.
        value.complain(f"{ID_RULE}, not '{written}'{why}")
        return None
    return Ref(written, value.line) if value and written else None


def check_key(entry: Value, owner: str) -> None:
    """Note a mistake if the key of ``entry`` (its name) is not an id."""
    if not re.fullmatch(ID_PATTERN, entry.name):
        entry.renamed(owner, "its id").complain(f"{ID_RULE}{_why(entry.name)}")


def _why(written: str) -> str:
    said = foreign_letter(written)
    return f"; it {said}" if said else ""
