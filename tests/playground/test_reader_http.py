"""The reader's side over HTTP: what makes no sense is refused with its place and a sentence."""

from typing import Any

import aiohttp
import pytest

from yabot.playground.server import PlaygroundServer

HALF = r'"half \ud83d"'
HUGE = 10**30


@pytest.mark.parametrize(
    ("verb", "path", "body", "place"),
    [
        ("POST", "/users/{alma}/messages", f'{{"text": {HALF}}}', ["body", "text"]),
        ("PATCH", "/users/{alma}", f'{{"first_name": {HALF}}}', ["body", "first_name"]),
        ("POST", "/users/{alma}/messages/1/press", f'{{"data": {HALF}}}', ["body", "data"]),
        (
            "POST",
            "/groups/-1/messages",
            f'{{"user_id": 1, "text": {HALF}}}',
            ["body", "text"],
        ),
        ("GET", f"/users/{HUGE}/chat", None, ["path", "user_id"]),
        ("PUT", f"/users/{-HUGE}/block", None, ["path", "user_id"]),
        ("POST", f"/users/{{alma}}/messages/{HUGE}/pay", None, ["path", "message_id"]),
        ("GET", f"/users/{HUGE}/state", None, ["path", "user_id"]),
        ("GET", f"/groups/{-HUGE}/chat", None, ["path", "chat_id"]),
        ("POST", "/groups", f'{{"title": "x", "members": [{HUGE}]}}', ["body", "members", 0]),
        ("PUT", "/groups/-1/bot", f'{{"user_id": {HUGE}}}', ["body", "user_id"]),
        (
            "POST",
            "/groups/-1/messages",
            f'{{"user_id": 1, "text": "x", "reply_to": {HUGE}}}',
            ["body", "reply_to"],
        ),
        (
            "PUT",
            "/faults",
            f'{{"faults": [{{"kind": "flood", {HALF}: 1}}]}}',
            ["body", "faults", 0],
        ),
    ],
)
async def test_what_makes_no_sense_is_refused(
    server: PlaygroundServer,
    http: aiohttp.ClientSession,
    alma: int,
    verb: str,
    path: str,
    body: str | None,
    place: list[Any],
) -> None:
    url = f"{server.url}/playground{path.format(alma=alma)}"
    headers = {"content-type": "application/json"}
    async with http.request(verb, url, data=body, headers=headers) as answer:
        assert answer.status == 422
        (fault,) = (await answer.json())["detail"]
    assert fault["loc"] == place
    assert fault["msg"]
    assert "input" not in fault


async def test_a_body_that_is_nested_too_deeply_is_refused(
    server: PlaygroundServer, http: aiohttp.ClientSession, alma: int
) -> None:
    url = f"{server.url}/playground/users/{alma}/messages"
    headers = {"content-type": "application/json"}
    async with http.post(url, data="[" * 100_000, headers=headers) as answer:
        assert answer.status == 400
