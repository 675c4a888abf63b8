"""Refusals of requests: problem+json (RFC 9457) with stable codes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import Field

from yabot.api.answering.shown import Shown
from yabot.errors import InvalidInput, TerminalError

MEDIA_TYPE = "application/problem+json"


class Fault(Shown):
    """One place in the request, and what is wrong there; never the value that was sent."""

    pointer: str = Field(description="JSON pointer into the body, or the parameter's name")
    detail: str


class ProblemBody(Shown):
    """The body of every refusal."""

    type: str = Field(description="a URN that ends with the code")
    title: str
    status: int
    code: str = Field(description="stable: for programs")
    detail: str = Field(description="a sentence for people, which may change")
    correlation_id: str = Field(description="by which operators find the request in their logs")
    errors: list[Fault] = Field(default_factory=list)


class Refused(TerminalError):
    """Ends a request; ``kind`` says with which status and code."""

    def __init__(
        self,
        kind: "Problem",
        detail: str,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.code = kind.code
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    def body(self, correlation_id: str) -> ProblemBody:
        return ProblemBody(
            type=f"urn:yabot:problem:{self.kind.code}",
            title=HTTPStatus(self.kind.status).phrase,
            status=self.kind.status,
            code=self.kind.code,
            detail=self.detail,
            correlation_id=correlation_id,
            errors=list(self.faults),
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """One way to be refused, as the documentation names it: ``meaning`` is its sentence there."""

    status: int
    code: str
    meaning: str

    def refuse(self, detail: str = "", **headers: str) -> Refused:
        """The error to be raised; ``detail`` says what is wrong, where, and how to mend it, without
        any value that was sent. In names of ``headers`` an underscore stands for a hyphen.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Refused(self, detail or self.meaning, headers=named)


@contextmanager
def telling(*kinds: Problem) -> Iterator[None]:
    """Turn an InvalidInput with the code of one of these problems into Refused."""
    try:
        yield
    except InvalidInput as error:
        for kind in kinds:
            if kind.code == error.code:
                raise kind.refuse(str(error)) from error
        raise


# Every operation may refuse with these.
BAD_REQUEST = Problem(400, "malformed_request", "The request cannot be read.")
NOT_FOUND = Problem(404, "path_unknown", "There is nothing at this path; /openapi.json names all.")
METHOD_NOT_ALLOWED = Problem(
    405, "method_not_allowed", "The path has no such method; Allow names those it has."
)
TOO_BUSY = Problem(
    503, "too_busy", "Too much is under way, or others keep changing the same; ask again later."
)
QUOTA_EXCEEDED = Problem(
    429,
    "quota_exceeded",
    "The service has sent all requests of this minute; Retry-After says when.",
)
NOT_OPEN = Problem(503, "not_open", "The program is starting or stopping; ask again, or elsewhere.")
STORE_UNAVAILABLE = Problem(
    503, "store_unavailable", "A store that this needs does not answer; ask again later."
)
INTERNAL_ERROR = Problem(
    500, "internal_error", "The program failed; its log says why, by the correlation id."
)
# Operations with parameters or a body.
INVALID = Problem(422, "invalid_request", "A parameter or a part of the body breaks a rule.")
# Operations with a body.
BODY_MISSING = Problem(400, "body_missing", "This needs a body.")
BODY_MALFORMED = Problem(
    400,
    "body_malformed",
    "The body is no JSON that this takes: UTF-8, each key once, finite numbers.",
)
BODY_NOT_DECRYPTABLE = Problem(
    400,
    "body_not_decryptable",
    "The service encrypts, and the body is no JWE that YABOT takes: encrypt it to the first key of"
    " /.well-known/yabot-keys, with ECDH-ES and A256GCM.",
)
BODY_TOO_LARGE = Problem(413, "body_too_large", "The body is larger than 256 KiB.")
MEDIA_TYPE_UNSUPPORTED = Problem(
    415, "media_type_unsupported", "The body has to be application/json, without an encoding."
)
# Operations without a body.
BODY_UNEXPECTED = Problem(400, "body_unexpected", "This takes no body.")
# Operations that change something.
OUTCOME_UNKNOWN = Problem(
    503,
    "outcome_unknown",
    "SQL has not confirmed whether this took effect; send the same again, with the same key.",
)
KEY_REUSED = Problem(
    422, "idempotency_key_reused", "The Idempotency-Key was used for another request."
)
ANSWER_FORGOTTEN = Problem(
    410,
    "answer_forgotten",
    "This took effect once; its answer has gone, as that is long ago or the user was forgotten.",
)
# Operations that take If-Match.
PRECONDITION_FAILED = Problem(
    412, "precondition_failed", "It has changed since it was read: read it again."
)
PRECONDITION_REQUIRED = Problem(
    428,
    "precondition_required",
    "This is done only with If-Match: the ETag of what was read, so that nothing newer is lost.",
)
