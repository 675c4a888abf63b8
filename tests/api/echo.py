"""An API of a few toy operations, which needs no stores, over HTTP and byte by byte."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, JsonValue
from starlette.responses import Response

from tests.api.client import as_it_says, without_haste
from tests.runtime.raw import Raw, in_thread
from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import PRECONDITION_FAILED
from yabot.api.app import build_api
from yabot.api.operations.parameters import Limit, UserId
from yabot.api.operations.requests import Asking, Changing, Posting
from yabot.api.operations.retirement import Retirement
from yabot.api.operations.routes import Routes, StrictBody
from yabot.api.records.recorder import RequestRecorder
from yabot.runtime.http import HttpServer
from yabot.runtime.http_protocol import USUAL, Limits


class Said(StrictBody):
    said: JsonValue


class Heard(BaseModel):
    said: JsonValue


GOING = Retirement(date(2026, 11, 1), date(2027, 5, 1), instead="get_echo")


def echoing() -> Routes:
    routes = Routes("echo")

    @routes.put("/echo", needs="users:write", gives=Heard)
    async def put_echo(body: Said, change: Changing) -> Response:
        """Say it again."""
        return Answer.of(Heard(said=body.said)).response

    @routes.get("/echo", needs="users:read", gives=Heard)
    async def get_echo(
        asking: Asking,
        limit: Limit = 50,
        kind: Annotated[list[str] | None, Query(max_length=3)] = None,
    ) -> Response:
        """Say what was asked for."""
        return asking.answer(Heard(said=[limit, *(kind or [])]))

    @routes.post("/echo/{user_id}", needs="users:write", gives=None, status=204)
    async def post_echo(user_id: UserId, change: Posting) -> Response:
        """Do it without a word."""
        return Answer.of(None, 204).response

    @routes.delete("/echo/{user_id}", needs="users:write", refuses=[PRECONDITION_FAILED])
    async def delete_echo(user_id: UserId, change: Changing) -> Response:
        """Say it no more."""
        change.require_match('"now"')
        return Answer.of(None, 204).response

    @routes.get("/murmur", needs="users:read", gives=Heard, retires=GOING)
    async def get_murmur(asking: Asking) -> Response:
        """Say nothing much."""
        return asking.answer(Heard(said="hm"))

    @routes.get("/broken", needs="users:read", gives=Heard)
    async def get_broken(asking: Asking) -> Response:
        """Fail."""
        raise LookupError("of nobody's business")

    return routes


@dataclass(frozen=True)
class Heads:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """Of a problem, which it has to be."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.body["status"] == self.status
        assert self.body["correlation_id"] == self.headers["x-correlation-id"]
        return str(self.body["code"])


class Echo:
    def __init__(self, port: int) -> None:
        self.port = port

    async def send(
        self, method: str, target: str, body: bytes | None = None, *headers: bytes
    ) -> Heads:
        """Under /api/v1; with a body, its length and type are told unless ``headers`` do."""
        told = [b"Host: h", b"Connection: close", b"Authorization: Bearer orders " + _SCOPES]
        names = {header.partition(b":")[0].lower() for header in headers}
        if body is not None and b"content-type" not in names:
            told.append(b"Content-Type: application/json")
        if body is not None and not names & {b"content-length", b"transfer-encoding"}:
            told.append(b"Content-Length: %d" % len(body))
        line = f"{method} /api/v1{target} HTTP/1.1".encode("latin-1")
        return await self.raw(b"\r\n".join([line, *told, *headers, b"", body or b""]))

    async def raw(self, data: bytes) -> Heads:
        with Raw(self.port) as raw:
            await in_thread(partial(raw.send, data))
            return read_heads(await in_thread(raw.to_the_end))


_SCOPES = b"users:read users:write"


def read_heads(heard: bytes) -> Heads:
    head, _, content = heard.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Heads(int(first.split()[1]), {k.lower(): v for k, v in headers.items()}, content)


@asynccontextmanager
async def echo_served(limits: Limits = USUAL) -> AsyncIterator[Echo]:
    app = build_api({}, [echoing()], as_it_says, without_haste(), RequestRecorder())
    server = HttpServer(app, "127.0.0.1", 0, variable="API_PORT", limits=limits)
    await server.start()
    try:
        yield Echo(int(server.url.rpartition(":")[2]))
    finally:
        await server.stop()
