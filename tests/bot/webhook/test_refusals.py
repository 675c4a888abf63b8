"""What is no update is refused, never with a 5xx nor for ever; an unreadable one is kept."""

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.bot.webhook.listener import PATH, SECRET, Listener, listening, message
from tests.waiting import PATIENCE
from yabot.bot import webhook as webhook_module
from yabot.bot.reading import MOST_BYTES
from yabot.bot.webhook import SECRET_HEADER
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.criterion("5.4.1")


def nested(depth: int) -> bytes:
    return b'{"update_id": 1, "deep": ' + b"[" * depth + b"]" * depth + b"}"


def replies(depth: int) -> bytes:
    """A message that answers one that answers one…"""
    update = message(1)
    for _ in range(depth):
        update["message"] = {**update["message"], "reply_to_message": update["message"]}
    return json.dumps(update).encode()


GIANT: dict[str, Any] = {"from": {"id": 10**30, "is_bot": False, "first_name": "x"}}
RUBBISH: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"update_id=1",
    "half of it": json.dumps(message(1)).encode()[:-20],
    "two of them": json.dumps(message(1)).encode() * 2,
    "null": b"null",
    "a number": b"17",
    "a list": b'[{"update_id": 1}]',
    "no id": b"{}",
    "an id of null": b'{"update_id": null}',
    "an id in words": b'{"update_id": "one"}',
    "half an id": b'{"update_id": 1.5}',
    "an id below zero": b'{"update_id": -1}',
    "an id without end": b'{"update_id": 123456789012345678901234567890}',
    "no UTF-8": b'{"update_id": 1, "x": "\xff\xfe"}',
    "UTF-16": json.dumps(message(1)).encode("utf-16"),
    "zeros": b"\0" * 1000,
    "too much of nothing": b'"' + b"x" * 10 * MOST_BYTES + b'"',
}
# These have an id, under which they can be kept.
UNREADABLE: dict[str, bytes] = {
    "a user without end": json.dumps(message(1, **GIANT)).encode(),
    "a chat without end": json.dumps(message(1, chat={"id": 10**30, "type": "private"})).encode(),
    "a message of another shape": b'{"update_id": 1, "message": []}',
    "a message without a chat": b'{"update_id": 1, "message": {"message_id": 1, "date": 1}}',
    "half a surrogate": b'{"update_id": 1, "x": "\\ud800"}',
    "a date before time": json.dumps(message(1, date="0001-01-01T00:00:00")).encode(),
    "a place that is no number": json.dumps(
        message(1, location={"latitude": 0.0, "longitude": float("nan")})
    ).encode(),
    "nested very deeply": nested(100_000),
    "replies without end": replies(500),
    "too large": json.dumps(message(1, "x" * MOST_BYTES)).encode(),
    "much too large": json.dumps(message(1, "x" * 10 * MOST_BYTES)).encode(),
}


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH)
async def test_rubbish_is_refused_but_not_without_end(listener: Listener, body: bytes) -> None:
    """Telegram repeats whatever is not answered with 200."""
    with capture_logs() as logs:
        assert [await listener.post(body) for _ in range(4)] == [400, 400, 200, 200]
    assert await listener.stored() == []
    refused = [entry for entry in logs if entry["event"] == "webhook.refused"]
    assert [entry["status"] for entry in refused] == [400, 400, 200, 200]
    assert "Lucía" not in str(refused)


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_cannot_be_read_is_kept(listener: Listener, body: bytes) -> None:
    with capture_logs() as logs:
        assert [await listener.post(body) for _ in range(2)] == [200, 200]
    (row,) = await listener.stored()
    assert (row["update_id"], row["state"]) == (1, "unreadable")
    assert len(row["payload"]) <= MOST_BYTES
    (told,) = [entry for entry in logs if entry["event"] == "update.unreadable"]
    assert "Lucía" not in str(told)


@pytest.mark.parametrize(
    "secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", SECRET.upper(), "señal"]
)
async def test_without_the_secret_nothing_is_read(listener: Listener, secret: str | None) -> None:
    for body in (message(1), UNREADABLE["nested very deeply"], b""):
        with capture_logs() as logs:
            assert await listener.post(body, secret=secret) == 401
        assert [entry["event"] for entry in logs] == ["webhook.refused"]
        assert SECRET not in str(logs)
    assert await listener.stored() == []


async def test_strangers_do_not_fill_the_log(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_module, "LINES_ABOUT_STRANGERS", 3)
    async with listening(sqlite_database) as listener:
        with capture_logs() as logs:
            assert [await listener.post(b"{}", secret="wrong") for _ in range(20)] == [401] * 20
        # One more comes in twenty seconds.
        assert 3 <= len([entry for entry in logs if entry["log_level"] == "warning"]) < 20
        assert await listener.post(message(1)) == 200


async def test_the_longest_message_is_not_too_large(listener: Listener) -> None:
    assert await listener.post(message(1, "\N{PILE OF POO}" * 4096)) == 200
    assert len(await listener.stored()) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PATH, 405),
        ("PUT", PATH, 405),
        ("DELETE", PATH, 405),
        ("POST", "/", 404),
        ("POST", PATH + "x", 404),
        ("POST", "/../telegram", 404),
        ("POST", "/health/live", 405),
        ("GET", "/metrics", 404),
        ("GET", "/health/live", 200),
    ],
)
async def test_there_is_nothing_else(
    listener: Listener, method: str, path: str, status: int
) -> None:
    if path == "/../telegram":  # clients tidy it up, servers must not
        assert f" {status} " in await raw(listener, f"POST {path} HTTP/1.1\r\nHost: x\r\n\r\n")
    else:
        assert await listener.post(message(1), method=method, path=path) == status
    assert await listener.stored() == []


def head(length: Any) -> str:
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{SECRET_HEADER}: {SECRET}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )


async def raw(listener: Listener, request: str) -> str:
    """The first line of the answer to exactly these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(request.encode())
    line = await asyncio.wait_for(reader.readline(), PATIENCE)
    writer.close()
    return line.decode()


@pytest.mark.parametrize("length", ["-1", "ten", "99999999999999999999999"])
async def test_a_length_that_makes_no_sense_is_refused(listener: Listener, length: str) -> None:
    first = await raw(listener, head(length) + "x" * (MOST_BYTES + 1))
    assert first.split()[1] in {"400", "413"}
    assert await listener.stored() == []


async def test_a_body_that_breaks_off_is_not_stored(listener: Listener) -> None:
    whole = json.dumps(message(1))
    for sent in (whole, whole[: len(whole) // 2]):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write((head(len(whole) + 1) + sent).encode())
        await writer.drain()
        writer.transport.abort()
        assert await reader.read() == b""
    # It is still there for others.
    assert await listener.post(message(2)) == 200
    assert [row["update_id"] for row in await listener.stored()] == [2]


async def test_nobody_is_sent_to_a_host_that_the_client_names(listener: Listener) -> None:
    assert await listener.post(b"{}", path=f"{PATH}/") == 404
