"""Ids and references, as a story file writes them."""

import re

from yabot.features.narrative.story.draft import Ref
from yabot.features.narrative.story.model import ID_PATTERN
from yabot.features.narrative.story.value import Value
from yabot.lookalikes import foreign_letter

ID_RULE = "must be 1 to 24 characters of a-z, 0-9 and _"


def read_id(value: Value | None) -> str | None:
    """The id that ``value`` is, or None after noting why it is none."""
    written = value.text() if value else None
    if value and written and not re.fullmatch(ID_PATTERN, written):
        value.complain(f"{ID_RULE}, not '{written}'{_why(written)}")
        return None
    return written


def read_ref(value: Value | None) -> Ref | None:
    """The id that ``value`` mentions, with its line; whether there is such a thing, links tell."""
    written = value.text() if value else None
    if value and written and (why := _why(written)):
        # An id never looks so: to say that there is none of that name would help nobody.
        value.complain(f"{ID_RULE}, not '{written}'{why}")
        return None
    return Ref(written, value.line) if value and written else None


def check_key(entry: Value, owner: str) -> None:
    """Notes it if the key of ``entry`` (its name) is no id."""
    if not re.fullmatch(ID_PATTERN, entry.name):
        entry.renamed(owner, "its id").complain(f"{ID_RULE}{_why(entry.name)}")


def _why(written: str) -> str:
    said = foreign_letter(written)
    return f"; it {said}" if said else ""
