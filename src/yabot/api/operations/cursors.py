"""Cursors: how far a client has come in a list, in an opaque form.

A cursor is signed, and valid for one operation with the same filters. It names the place behind
which the next page begins. So the list needs an order in which nothing is ever inserted between
places that were given already: by a unique key, or by positions that are committed without gaps.
Ids that SQL assigns are not in the order of their commits (2 may be visible before 1): a list by
such ids is given newest first, or as it stands, and cannot be followed.

    cursors = Cursors(services.database)

    @routes.get("/users", needs="users:read", gives=Page[UserBody], refuses=[CURSOR_INVALID])
    async def list_users(asking: Asking, limit: Limit = 50, after: After = None) -> Response:
        listing = await cursors.of("list_users")          # filters: of("…", state=state)
        last = listing.position(after, begin="")          # an int, a text, or a list of ints
        found = await users.after(last, limit + 1)       # one more than a page tells of the next
        return asking.answer(listing.page(found, limit, place=lambda user: user.user_id))
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from yabot.api.answering.problems import Problem
from yabot.api.answering.shown import Shown
from yabot.api.shared_secret import SharedSecret
from yabot.storage.relational.database import Database

# To be raised with the form of cursors: older ones are refused then.
VERSION = b"1"
SIGNATURE_BYTES = 16
# Enough for a position in each of a thousand partitions.
MOST_CHARACTERS = 20_000

CURSOR_INVALID = Problem(
    422,
    "cursor_invalid",
    "The cursor is not of this list with these filters; begin again without one.",
)

After = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="The cursor `next` of the page before, with the same filters as there.",
    ),
]

Position = TypeVar("Position", bound=int | str | list[int])
Item = TypeVar("Item", bound=BaseModel)


class Page(Shown, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    next: str | None = Field(description="the cursor of the next page; null when this is the last")


class Cursors:
    def __init__(self, database: Database) -> None:
        self._secret = SharedSecret(database, "cursors")

    async def of(self, operation: str, **filters: str) -> "Listing":
        """``operation`` is its id; ``filters`` are all that decides the list's content and order.

        Raises StoreUnavailable.
        """
        bound_to = json.dumps([operation, filters], sort_keys=True).encode()
        return Listing(await self._secret.get(), bound_to)


class Listing:
    def __init__(self, key: bytes, bound_to: bytes) -> None:
        self._key = key
        self._bound_to = bound_to

    def position(self, cursor: str | None, begin: Position) -> Position:
        """The place that ``cursor`` names; ``begin`` without one. Raises Refused for a cursor of
        another list or version, or one that was not made here."""
        if cursor is None:
            return begin
        found = self._opened(cursor)
        if type(found) is not type(begin):
            raise CURSOR_INVALID.refuse()
        return found

    def cursor(self, position: int | str | Sequence[int]) -> str:
        place = VERSION + json.dumps(position, separators=(",", ":")).encode()
        return urlsafe_b64encode(self._signature(place) + place).decode().rstrip("=")

    def page(
        self,
        found: Sequence[Item],
        limit: int,
        place: Callable[[Item], int | str | Sequence[int]],
    ) -> Page[Item]:
        """The first ``limit`` of the ``found`` items; if there are more, another page follows."""
        items = list(found[:limit])
        follows = len(found) > limit
        return Page(items=items, next=self.cursor(place(items[-1])) if follows else None)

    def _opened(self, cursor: str) -> Any:
        sealed = _decoded(cursor)
        signature, place = sealed[:SIGNATURE_BYTES], sealed[SIGNATURE_BYTES:]
        is_ours = hmac.compare_digest(signature, self._signature(place))
        if not is_ours or not place.startswith(VERSION):
            raise CURSOR_INVALID.refuse()
        return json.loads(place.removeprefix(VERSION))

    def _signature(self, place: bytes) -> bytes:
        signed = hmac.digest(self._key, self._bound_to + b"\0" + place, "sha256")
        return signed[:SIGNATURE_BYTES]


def _decoded(cursor: str) -> bytes:
    try:
        decoded = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (NotBase64, ValueError) as error:
        raise CURSOR_INVALID.refuse() from error
    # Python ignores characters that are no Base64, and surplus bits of the last one.
    if urlsafe_b64encode(decoded).decode().rstrip("=") != cursor:
        raise CURSOR_INVALID.refuse()
    return decoded
