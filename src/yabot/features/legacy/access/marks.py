"""The mark in a profile that an old bot was given: it tells what was given when it comes back.

An old bot changes a profile and saves all of it. What it has changed is found by comparison with
what it was given. The profile carries that along, so it may come back from another thread, another
process, or a conversation's memory after a restart.
"""

import json
import zlib
from base64 import b85decode, b85encode
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from yabot.features.legacy.sources.profile import GIVEN, MARK

Profile = dict[str, Any]

_FIELD = "metadata"
# For how many profiles a process remembers what it gave and what came back.
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Mark:
    id: str
    version: int
    """The user's ``state_version`` at that time; 0 if the user did not exist."""
    given: Profile

    @classmethod
    def of(cls, given: Profile, version: int) -> "Mark":
        """A new mark for ``given``, which has none itself."""
        return cls(uuid4().hex, version, given)

    def __str__(self) -> str:
        packed = zlib.compress(json.dumps(self.given).encode())
        return f"{GIVEN} {self.id} {self.version} {b85encode(packed).decode()}"

    @classmethod
    def read(cls, text: object) -> "Mark | None":
        """The mark that ``text`` stands for; None: it is not one of ours."""
        try:
            beginning, mark_id, version, packed = str(text).split(" ")
            mark = cls(mark_id, int(version), json.loads(zlib.decompress(b85decode(packed))))
        except (ValueError, zlib.error):
            return None
        return mark if beginning == GIVEN and isinstance(mark.given, dict) else None


def marked(profile: Profile, mark: Mark) -> Profile:
    """A copy of the profile that carries the mark."""
    return profile | {_FIELD: profile[_FIELD] | {MARK: str(mark)}}


def renew(profile: Profile, mark: Mark) -> None:
    """Replace the mark that the profile carries, in place."""
    profile[_FIELD][MARK] = str(mark)


def taken_off(profile: Profile) -> tuple[Profile, Mark | None]:
    """A copy of the profile without its mark, and the mark."""
    metadata = profile.get(_FIELD)
    if not isinstance(metadata, dict) or MARK not in metadata:
        return profile, None
    plain = {name: value for name, value in metadata.items() if name != MARK}
    return profile | {_FIELD: plain}, Mark.read(metadata[MARK])
