"""Answers to requests: each is committed with its request's effects, and a repeat gets it again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy import Connection, bindparam, insert, select, update
from starlette.responses import Response

from yabot.api.answering import problems
from yabot.api.answering.problems import Refused
from yabot.api.tables import api_answers
from yabot.clock import utc_now
from yabot.storage.relational.database import Statement, executing
from yabot.storage.relational.prepared import Prepared

JSON = "application/json"
REPLAYED = "Idempotent-Replayed"
CORRELATION_ID = "X-Correlation-Id"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be sent or kept. ``body`` is None when its user has been forgotten since."""

    status: int
    headers: Mapping[str, str]
    body: str | None

    @classmethod
    def of(cls, body: BaseModel | None, status: int = 200, **headers: str) -> "Answer":
        """``headers`` are such as ``ETag``. If ``body`` is None, the answer has an empty one."""
        if body is None:
            return cls(status, headers, "")
        return cls(status, {"Content-Type": JSON, **headers}, body.model_dump_json(by_alias=True))

    @classmethod
    def of_refusal(cls, refused: Refused, correlation_id: str) -> "Answer":
        headers = {"Content-Type": problems.MEDIA_TYPE, **refused.headers}
        body = refused.body(correlation_id).model_dump_json(exclude_defaults=True)
        return cls(refused.kind.status, headers, body)

    @property
    def response(self) -> Response:
        """Raises Refused if ``body`` is None."""
        if self.body is None:
            raise problems.ANSWER_FORGOTTEN.refuse()
        return Response(self.body or None, self.status, self.headers)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an idempotency key stands for: the request's ``fingerprint``, and whom it is about."""

    service: str
    key: str
    fingerprint: str
    user_id: str | None


_add = Prepared(insert(api_answers))
_one = Prepared(
    select(
        api_answers.c.fingerprint, api_answers.c.status, api_answers.c.headers, api_answers.c.body
    ).where(api_answers.c.service == bindparam("by"), api_answers.c.key == bindparam("with_key"))
)
_blank = update(api_answers).where(api_answers.c.user_id == bindparam("user")).values(body=None)


def keep(asked: Asked, answer: Answer) -> Statement[None]:
    """To be added to the unit of work of the request that is answered."""
    row = {
        "service": asked.service,
        "key": asked.key,
        "fingerprint": asked.fingerprint,
        "status": answer.status,
        "headers": json.dumps(dict(answer.headers)),
        "body": answer.body,
        "user_id": asked.user_id,
        "created_at": utc_now(),
    }
    return _add.with_values(row)


def find(service: str, key: str) -> Statement[tuple[str, Answer] | None]:
    """The fingerprint of the request that used the key first, and its answer."""

    def read(connection: Connection) -> tuple[str, Answer] | None:
        row = _one.first(connection, {"by": service, "with_key": key})
        if row is None:
            return None
        fingerprint, status, headers, body = row
        return fingerprint, Answer(status, json.loads(headers), body)

    return read


def blank(user_id: str) -> Statement[None]:
    """Delete the bodies of all answers about a user; a repeat gets ``answer_forgotten``."""
    return executing(_blank, {"user": user_id})
