"""Requests to a running program, each from an address of its own: failures count by address."""

import http.client
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.program import Program
from tests.waiting import PATIENCE

NOBODY = "/api/v1/user/1/state"


@dataclass(frozen=True)
class Answer:
    """Of ``headers``, the names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """Of a problem."""
        return str(self.body["code"])


def an_address() -> str:
    """Of this machine, and nobody else's: all that begin with 127 are."""
    return ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])


def ask(
    program: Program,
    path: str = NOBODY,
    token: str | None = None,
    *,
    method: str = "GET",
    client: str | None = None,
    **headers: str,
) -> Answer:
    port = int(program.settings["API_PORT"])
    sent = dict(headers) if token is None else {"Authorization": f"Bearer {token}", **headers}
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=PATIENCE, source_address=(client or an_address(), 0)
    )
    try:
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        text = answer.read()
        return Answer(answer.status, named, json.loads(text) if text else None)
    finally:
        connection.close()
