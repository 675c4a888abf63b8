"""What a profile that was given to an old bot says of itself, when it comes back.

An old bot changes the profile and saves all of it. Which of that it has changed is seen by what it
was given: the profile carries that along, so that it may come back from another thread, another
process, or a conversation's memory after a restart.
"""

import json
import zlib
from base64 import b85decode, b85encode
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import uuid4

Profile = dict[str, Any]
K = TypeVar("K")
V = TypeVar("V")

FIELD, NAME = "metadata", "yabot"
"""Where a profile keeps what the old bot does not know, and what we keep there."""

_BEGINNING = "given"
# Of how many profiles a process remembers what it gave and what came back.
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Mark:
    id: str
    given: Profile

    @classmethod
    def of(cls, given: Profile) -> "Mark":
        """A new one. ``given`` has none itself."""
        return cls(uuid4().hex, given)

    def __str__(self) -> str:
        packed = zlib.compress(json.dumps(self.given).encode())
        return f"{_BEGINNING} {self.id} {b85encode(packed).decode()}"

    @classmethod
    def read(cls, text: object) -> "Mark | None":
        """None: it is none of ours."""
        try:
            beginning, mark_id, packed = str(text).split(" ")
            given = json.loads(zlib.decompress(b85decode(packed)))
        except (ValueError, zlib.error):
            return None
        is_ours = beginning == _BEGINNING and isinstance(given, dict)
        return cls(mark_id, given) if is_ours else None


def marked(profile: Profile, mark: Mark) -> Profile:
    return profile | {FIELD: profile[FIELD] | {NAME: str(mark)}}


def taken_off(profile: Profile) -> tuple[Profile, Mark | None]:
    """A copy of the profile without its mark, and the mark."""
    metadata = profile.get(FIELD)
    if not isinstance(metadata, dict) or NAME not in metadata:
        return profile, None
    plain = {name: value for name, value in metadata.items() if name != NAME}
    return profile | {FIELD: plain}, Mark.read(metadata[NAME])


class Recent(Generic[K, V]):
    """The newest values by their keys; the oldest go."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def get(self, key: K) -> V | None:
        return self._values.get(key)
