"""What an operation asks, and what it is answered, whoever carries it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as an operation describes it."""

    # Its id in the document.
    operation: str
    method: str
    # Filled and percent-encoded.
    path: str
    # What its token must allow.
    scope: str
    query: tuple[tuple[str, str], ...] = ()
    # A JSON value.
    body: object = field(default=None, repr=False)
    has_body: bool = False
    if_match: str | None = None
    # The ETag of what the caller has: while it still holds, the answer is 304.
    if_none_match: str | None = None
    # It takes an Idempotency-Key, so that it may be sent again.
    changes: bool = False
    # The caller's own; without one, one is made, the same for all tries.
    idempotency_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """YABOT's word, with a status below 300; or 304, to who has said by an ETag what they have."""

    status: int
    # Found whatever the case of a name is.
    headers: Mapping[str, str]
    # JSON; None without a body.
    body: Any = field(default=None, repr=False)


class Send(Protocol):
    """Raises YabotError."""

    def __call__(self, call: Call) -> Answer: ...


class AsyncSend(Protocol):
    """Raises YabotError."""

    async def __call__(self, call: Call) -> Answer: ...
