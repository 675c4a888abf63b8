"""The ids of the old bot's things here."""

import re
import unicodedata
from base64 import b32encode
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from yabot import canonical

ThingField = Literal["inventory", "achievements"]

LONGEST = 24
_DIGEST = "[a-z2-7]{8}"
_LOOKS_MADE = re.compile(f".*_{_DIGEST}")
_OTHERS = re.compile("[^a-z0-9]+")
_INSTEAD: dict[ThingField, str] = {"inventory": "thing", "achievements": "achievement"}

# The same names come with every user.
cache_of_names = lru_cache(4096)


@cache_of_names
def item_id(field: ThingField, name: str) -> str:
    """The same name always gets the same id, and different names get different ids.

    A thing whose name is an id keeps it: the item with that id is taken for that thing.
    """
    if is_plain(field, name):
        return name
    letters = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    slug = _OTHERS.sub("_", letters).strip("_") or _INSTEAD[field]
    digest = b32encode(blake2b(f"{field}:{name}".encode(), digest_size=5).digest()).decode().lower()
    return f"{slug[: LONGEST - 9]}_{digest}"


@cache_of_names
def is_plain(field: ThingField, name: str) -> bool:
    """Whether the id is the name itself. Never for achievements: a thing may have the same name."""
    is_id = field == "inventory" and canonical.story_id(name) == name
    return is_id and not _LOOKS_MADE.fullmatch(name)
