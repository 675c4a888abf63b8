"""What services ask and are refused is kept for an hour, within bounds, without what they sent."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from tests.api.client import ApiClient, as_it_says, without_haste
from tests.api.echo import echoing
from yabot import clock
from yabot.api.app import build_api
from yabot.api.auth import refusals
from yabot.api.caller import Caller
from yabot.api.labels import MOST_SERVICES, OTHERS
from yabot.api.phases import Message
from yabot.api.records import recorded
from yabot.api.records.recorder import (
    LINES_ABOUT_STRANGERS,
    MOST_OF_SERVICES,
    MOST_OF_STRANGERS,
    Asked,
    RequestRecorder,
)
from yabot.observability.metrics import REGISTRY
from yabot.runtime.http import HttpServer


@pytest.fixture(autouse=True)
def time() -> Iterator[None]:
    """A test may let it pass."""
    began = clock.ahead()
    yield
    clock.set_ahead(began)


def pass_time(**span: float) -> None:
    clock.set_ahead(clock.ahead() + timedelta(**span))


async def authenticated(scope: Message) -> Caller:
    """All but the service mallory."""
    caller = await as_it_says(scope)
    if caller.service == "mallory":
        raise refusals.SIGNATURE_WRONG.refuse()
    return caller


@pytest.fixture
async def api() -> AsyncIterator[ApiClient]:
    recorder = RequestRecorder()
    parts = [echoing(), recorded.routes(recorder)]
    app = build_api({}, parts, authenticated, without_haste(), recorder)
    server = HttpServer(app, "127.0.0.1", 0, variable="API_PORT")
    await server.start()
    async with aiohttp.ClientSession(server.url) as session:
        yield ApiClient(session)
    await server.stop()


async def test_operators_see_who_asked_what_and_what_was_refused_and_why(api: ApiClient) -> None:
    for _ in range(3):
        await api.get("/echo")
    unread = await api.put("/echo", {"sed": "my secret"})
    await api.get("/nowhere")
    await api.ask("HEAD", "/echo")
    stranger = ApiClient(api.session, service="mallory")
    await stranger.get("/echo")

    shown = (await api.get("/admin/requests")).body
    assert shown["asked"] == [
        {"service": "-", "operation": "-", "status": 401, "requests": 1},
        {"service": "orders", "operation": "-", "status": 404, "requests": 1},
        {"service": "orders", "operation": "get_echo", "status": 200, "requests": 4},
        {"service": "orders", "operation": "put_echo", "status": 422, "requests": 1},
    ]
    told = [(each["service"], each["operation"], each["code"]) for each in shown["refused"]]
    assert told == [
        (None, None, "token_signature_wrong"),
        ("orders", None, "path_unknown"),
        ("orders", "put_echo", "invalid_request"),
    ]
    # By it the line of the log is found, and the client's own.
    assert shown["refused"][2]["correlation_id"] == unread.headers["X-Correlation-Id"]
    assert "my secret" not in str(shown)
    # Where strangers come from is what can be done about them.
    assert [each["address"] for each in shown["refused"]] == ["127.0.0.1", None, None]

    mine = (await api.get("/admin/requests?service=orders&limit=1")).body
    assert [each["code"] for each in mine["refused"]] == ["path_unknown"]
    assert {each["service"] for each in mine["asked"]} == {"orders"}


def lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [each.msg for each in caplog.records if each.name == "yabot.api.records.recorder"]


async def test_a_refusal_is_one_line_of_the_log(
    api: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    refused = await api.put("/echo", {"sed": "my secret"})
    await api.get("/echo")
    (line,) = lines(caplog)
    assert line == {
        "event": "api.refused",
        "level": "info",
        "logger": "yabot.api.records.recorder",
        "code": "invalid_request",
        "status": 422,
        "operation": "put_echo",
        "service": "orders",
        "correlation_id": refused.headers["X-Correlation-Id"],
    }


async def test_requests_are_counted_for_good(api: ApiClient) -> None:
    labels = {"service": "orders", "operation": "get_echo", "status": "200"}
    before = REGISTRY.get_sample_value("yabot_api_requests_total", labels) or 0
    await api.get("/echo")
    assert REGISTRY.get_sample_value("yabot_api_requests_total", labels) == before + 1


def refused(service: str | None, number: int = 0) -> Asked:
    return Asked(service, "get_echo", 404, f"c-{number}", "user_unknown")


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    recorder = RequestRecorder()
    recorder.note(refused("orders", 1))
    pass_time(minutes=40)
    recorder.note(refused("orders", 2))
    assert recorder.counts() == {("orders", "get_echo", 404): 2}
    pass_time(minutes=21)
    assert recorder.counts() == {("orders", "get_echo", 404): 1}
    (kept,) = recorder.refusals(None, 10)
    assert kept.asked.correlation_id == "c-2"
    for _ in range(500):
        pass_time(minutes=2)
        recorder.note(refused("orders"))
    assert len(recorder._minutes) <= 61


def test_a_flood_is_kept_within_bounds_and_hides_no_service(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    recorder = RequestRecorder()
    recorder.note(refused("orders", -1))
    for number in range(MOST_OF_STRANGERS * 5):
        recorder.note(refused(None, number))
    assert len(lines(caplog)) == 1 + LINES_ABOUT_STRANGERS
    everything = recorder.refusals(None, 10_000)
    assert len(everything) == MOST_OF_STRANGERS + 1
    assert everything[-1].asked.correlation_id == "c--1"
    for number in range(MOST_OF_SERVICES + 10):
        recorder.note(refused("orders", number))
    assert len(recorder.refusals("orders", 10_000)) == MOST_OF_SERVICES


def test_no_more_services_are_told_apart_than_anybody_has() -> None:
    recorder = RequestRecorder()
    for number in range(MOST_SERVICES + 7):
        recorder.note(Asked(f"service-{number}", "get_echo", 200, "c"))
    counts = recorder.counts()
    assert len(counts) == MOST_SERVICES + 1
    assert counts[OTHERS, "get_echo", 200] == 7
