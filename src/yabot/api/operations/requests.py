"""One request of another service: who asks, for what, and under which conditions."""

import hashlib
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from yabot.api.answering import problems
from yabot.api.answering.answers import Answer
from yabot.api.caller import Caller

# Printable ASCII.
KEY = r"^[\x20-\x7e]{1,128}$"
ETAGS = r'^(\*|(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*)$'

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        pattern=ETAGS,
        description="Do it only while the ETag is this one; else 412.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=1000,
        pattern=ETAGS,
        description="An ETag that the client has: 304 while it is this one.",
    ),
]
_KEY_ABOUT = "The same request with the same key takes effect once, and has the same answer."
RequiredKey = Annotated[
    str, Header(alias="Idempotency-Key", pattern=KEY, max_length=128, description=_KEY_ABOUT)
]
OptionalKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=KEY, max_length=128, description=_KEY_ABOUT),
]


def etag_of(body: BaseModel) -> str:
    """A strong ETag of the representation itself."""
    return tag(hashlib.sha256(body.model_dump_json(by_alias=True).encode()).hexdigest()[:32])


def tag(version: object) -> str:
    return f'"{version}"'


class Inquiry:
    """A request that changes nothing."""

    def __init__(self, request: Request, if_none_match: str | None = None) -> None:
        scope = request.scope
        self.caller: Caller = scope["caller"]
        self.correlation_id: str = scope["correlation_id"]
        self._known = if_none_match

    def knows(self, etag: str) -> bool:
        """Whether the client has that representation: then ``unchanged`` is the answer."""
        return self._known is not None and is_among(etag, self._known, weakly=True)

    @staticmethod
    def unchanged(etag: str) -> Response:
        return Response(None, 304, {"ETag": etag})

    def answer(self, body: BaseModel, etag: str | None = None) -> Response:
        """200 with ``body``, or 304 when the client has it already."""
        if etag is None:
            return Answer.of(body).response
        return self.unchanged(etag) if self.knows(etag) else Answer.of(body, ETag=etag).response


class Change:
    """A request that changes something. Without a key it is never a repeat of another one."""

    def __init__(
        self, request: Request, content: bytes, key: str | None, if_match: str | None
    ) -> None:
        scope = request.scope
        self.caller: Caller = scope["caller"]
        self.correlation_id: str = scope["correlation_id"]
        self.operation: str = scope["route"].operation_id
        self.has_key = key is not None
        self.key = str(uuid4()) if key is None else key
        self.fingerprint = _fingerprint(scope, content)
        self._if_match = if_match

    @property
    def cause_id(self) -> str:
        return f"api:{self.caller.service}:{self.key}"

    @property
    def cause_in_log(self) -> str:
        """The cause for the log, without the key, which may be any text of the service's."""
        return f"api:{self.caller.service}:{self.correlation_id}"

    @property
    def by(self) -> str:
        """Who has made the change, for the audit."""
        return f"service:{self.caller.service}"

    def require_condition(self) -> None:
        """To be called before the decision: raises Refused without If-Match."""
        if self._if_match is None:
            raise problems.PRECONDITION_REQUIRED.refuse()

    def require_match(self, etag: str) -> None:
        """To be called in the decision: raises Refused if the client has seen another
        representation."""
        if self._if_match is not None and not is_among(etag, self._if_match, weakly=False):
            raise problems.PRECONDITION_FAILED.refuse()


def _fingerprint(scope: Any, content: bytes) -> str:
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], content)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_among(etag: str, listed: str, *, weakly: bool) -> bool:
    """RFC 9110, 8.8.3.2: a weak tag matches only where a weak comparison will do."""
    if listed.strip() == "*":
        return True
    tags = [each.strip() for each in listed.split(",")]
    return etag in ([each.removeprefix("W/") for each in tags] if weakly else tags)


async def _inquiry(request: Request) -> Inquiry:
    return Inquiry(request)


async def _conditional(request: Request, known: IfNoneMatch = None) -> Inquiry:
    return Inquiry(request, known)


async def _posted(request: Request, key: RequiredKey, if_match: IfMatch = None) -> Change:
    return Change(request, await request.body(), key, if_match)


async def _posted_anew(request: Request, key: RequiredKey) -> Change:
    return Change(request, await request.body(), key, None)


async def _put(request: Request, key: OptionalKey = None, if_match: IfMatch = None) -> Change:
    return Change(request, await request.body(), key, if_match)


# Parameters of handlers, by the kind of their method.
Asking = Annotated[Inquiry, Depends(_inquiry)]
AskingAgain = Annotated[Inquiry, Depends(_conditional)]
Posting = Annotated[Change, Depends(_posted)]
# A POST whose effect is new: it has no representation that could have changed.
PostingAnew = Annotated[Change, Depends(_posted_anew)]
Changing = Annotated[Change, Depends(_put)]
