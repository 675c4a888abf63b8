"""What HTTP lets be asked of every path."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.echo import Echo, echo_served

# One server for all of them.
pytestmark = [pytest.mark.standard, pytest.mark.asyncio(loop_scope="module")]

KEY = b"Idempotency-Key: one"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def echo() -> AsyncIterator[Echo]:
    async with echo_served() as served:
        yield served


async def test_each_standard_method_is_heard(echo: Echo) -> None:
    assert (await echo.send("GET", "/echo")).status == 200
    assert (await echo.send("PUT", "/echo", b'{"said": 1}')).status == 200
    assert (await echo.send("POST", "/echo/1", None, KEY)).status == 204
    assert (await echo.send("DELETE", "/echo/1")).status == 204


async def test_head_is_get_without_the_body(echo: Echo) -> None:
    full, head = await echo.send("GET", "/echo?limit=7"), await echo.send("HEAD", "/echo?limit=7")
    assert (head.status, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(full.content)
    assert head.headers.keys() == full.headers.keys()


async def test_the_head_of_a_refusal_has_no_body_either(echo: Echo) -> None:
    refused = await echo.send("HEAD", "/echo?limit=0")
    assert (refused.status, refused.content) == (422, b"")
    assert (await echo.send("HEAD", "/nothing")).status == 404
    assert (await echo.send("HEAD", "/echo/1")).status == 405


async def test_options_names_the_methods_of_a_path(echo: Echo) -> None:
    answered = await echo.send("OPTIONS", "/echo")
    assert (answered.status, answered.content) == (204, b"")
    assert answered.headers["allow"] == "GET, HEAD, OPTIONS, PUT"
    assert (await echo.send("OPTIONS", "/echo/1")).headers["allow"] == "DELETE, OPTIONS, POST"
    assert (await echo.send("OPTIONS", "/nothing")).code == "path_unknown"


@pytest.mark.parametrize("method", ["POST", "PATCH", "TRACE", "CONNECTED", "get"])
async def test_another_method_is_405_with_those_there_are(echo: Echo, method: str) -> None:
    answered = await echo.send(method, "/echo")
    assert (answered.status, answered.code) == (405, "method_not_allowed")
    assert answered.headers["allow"] == "GET, HEAD, OPTIONS, PUT"


async def test_a_slash_leads_nowhere(echo: Echo) -> None:
    for target in ("/echo/", "/echo//", "//echo", "/echo/1/"):
        answered = await echo.send("GET", target)
        assert (answered.status, answered.code) == (404, "path_unknown")
        assert "location" not in answered.headers


async def test_what_is_unknown_is_a_problem_also_outside(echo: Echo) -> None:
    answered = await echo.raw(b"GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert (answered.status, answered.code) == (404, "path_unknown")
