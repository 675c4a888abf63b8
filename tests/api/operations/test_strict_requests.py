"""What is no request, byte by byte: each refused with a code of its own, none with a 500."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from tests.api.echo import Echo, echo_served
from tests.runtime.raw import Raw, in_thread
from yabot.api.answering.problems import ProblemBody
from yabot.api.operations.reading import LARGEST_BODY
from yabot.api.operations.strict_json import DEEPEST
from yabot.runtime.http_protocol import USUAL

# One server for all of them.
pytestmark = [pytest.mark.standard, pytest.mark.asyncio(loop_scope="module")]

KEY = b"Idempotency-Key: one"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def echo() -> AsyncIterator[Echo]:
    async with echo_served() as served:
        yield served


def _said(text: str) -> bytes:
    return f'{{"said": {text}}}'.encode()


async def test_what_is_json_is_heard(echo: Echo) -> None:
    for text in (
        '"plain"',
        '"\\u00e9\\ud83d\\ude00"',
        '"\\\\u0000"',
        "9223372036854775807",
        "-9223372036854775808",
        "1e300",
        "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1),
        "[" + "{}," * 100 + "{}]",
    ):
        answered = await echo.send("PUT", "/echo", _said(text))
        assert answered.status == 200, (text, answered)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{}{}",
        b"{'said': 1}",
        b'{"said": 1,}',
        b'{"said": "\xff"}',
        b'{"said": "\xed\xa0\x80"}',
        _said('"\\ud800"'),
        b'{"said": 1, "\\udc00": 2}',
        _said('"\\u0000"'),
        b'{"said": "\x00"}',
        _said("NaN"),
        _said("-Infinity"),
        _said("1e999"),
        _said("-1e999"),
        _said(str(2**63)),
        _said(str(-(2**63) - 1)),
        _said("1" * 5000),
        b'{"said": 1, "said": 1}',
        _said('{"a": 1, "a": 1}'),
        b"\xef\xbb\xbf" + _said("1"),
        _said("1").decode().encode("utf-16"),
        _said("1").decode().encode("utf-16-le"),
        _said("1").decode().encode("utf-32"),
        _said("[" * DEEPEST + "]" * DEEPEST),
        _said("[" * 100_000 + "]" * 100_000),
        _said('{"a":' * 40_000 + "1" + "}" * 40_000),
    ],
)
async def test_what_is_not_is_refused(echo: Echo, body: bytes) -> None:
    answered = await echo.send("PUT", "/echo", body)
    assert (answered.status, answered.code) == (400, "body_malformed")


async def test_nothing_of_it_is_told_again(echo: Echo) -> None:
    answered = await echo.send("PUT", "/echo", b'{"secret": 1, "secret": 2}')
    assert b"secret" not in answered.content


@pytest.mark.parametrize("body", [b"", None])
async def test_a_body_that_is_needed_has_to_come(echo: Echo, body: bytes | None) -> None:
    answered = await echo.send("PUT", "/echo", body)
    assert (answered.status, answered.code) == (400, "body_missing")


async def test_a_body_that_nobody_takes_is_refused(echo: Echo) -> None:
    for method, target in (("GET", "/echo"), ("POST", "/echo/1"), ("DELETE", "/echo/1")):
        answered = await echo.send(method, target, b"{}", KEY)
        assert (answered.status, answered.code) == (400, "body_unexpected")
        assert (await echo.send(method, target, b"", KEY)).status in (200, 204)
        chunked = b"Transfer-Encoding: chunked"
        told = await echo.send(method, target, b"1\r\nx\r\n0\r\n\r\n", KEY, chunked)
        assert told.code == "body_unexpected"


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain",
        b"Content-Type: application/json; charset=utf-16",
        b"Content-Type: application/jsonp",
        b"Content-Type: application/json, text/plain",
        b"Content-Type: multipart/form-data; boundary=x",
        b"Content-Type:",
        b"Content-Type: \xff\xfe",
        b"Content-Encoding: gzip",
    ],
)
async def test_another_type_is_415(echo: Echo, header: bytes) -> None:
    answered = await echo.send("PUT", "/echo", _said("1"), header)
    assert (answered.status, answered.code) == (415, "media_type_unsupported")


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: application/json; charset=utf-8",
        b'Content-Type: Application/JSON;charset="UTF-8"',
    ],
)
async def test_the_charset_may_be_named(echo: Echo, header: bytes) -> None:
    assert (await echo.send("PUT", "/echo", _said("1"), header)).status == 200


async def test_a_large_body_is_413_announced_or_not(echo: Echo) -> None:
    largest = _said('"' + "x" * (LARGEST_BODY - len(_said('""'))) + '"')
    assert (await echo.send("PUT", "/echo", largest)).status == 200
    larger = largest + b" "
    answered = await echo.send("PUT", "/echo", larger)
    assert (answered.status, answered.code) == (413, "body_too_large")
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(larger), larger)
    counted = await echo.send("PUT", "/echo", chunks, b"Transfer-Encoding: chunked")
    assert (counted.status, counted.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=7", 200),
        ("limit=7&kind=a&kind=b", 200),
        ("kind=%C3%A9", 200),
        ("", 200),
        ("more=1", 422),
        ("limit=7&Limit=7", 422),
        ("limit=7&limit=7", 422),
        ("limit", 422),
        ("limit=", 422),
        ("limit=0", 422),
        ("limit=7.5", 422),
        ("limit=1_0", 422),
        ("limit=%2B7", 422),
        ("limit=%207", 422),
        ("limit=%EF%BC%97", 422),
        ("limit=%F0%9F%98%80", 422),
        ("limit=" + "9" * 5000, 422),
        ("kind=a&kind=b&kind=c&kind=d", 422),
        ("limit=%zz", 400),
        ("limit=%", 400),
        ("limit=%ff", 400),
        ("kind=%ED%A0%80", 400),
        ("kind=%00", 400),
        ("kind=%0a", 400),
        ("&".join(["kind=a"] * 51), 400),
    ],
)
async def test_a_query_has_what_is_known_once_and_readable(
    echo: Echo, query: str, status: int
) -> None:
    answered = await echo.send("GET", f"/echo?{query}")
    assert answered.status == status, answered
    if status != 200:
        assert answered.code == {400: "malformed_request", 422: "invalid_request"}[status]


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/echo/1", {204}),
        ("/echo/01", {422}),
        ("/echo/%00", {400}),
        ("/echo/1%00", {400}),
        ("/echo/1%0A", {400}),
        ("/echo/%FF", {400}),
        ("/echo/%", {400}),
        ("/echo/1%2F2", {422}),
        ("/echo%2F1", {404}),
        ("/echo%2f1", {404}),
        ("/echo/", {404}),
        ("/echo/$ne", {422}),
        ("/echo/%7B%22$ne%22:1%7D", {422}),
        ("/echo/..%2f..%2fetc", {422}),
        ("/echo/" + "1" * 30_000, {422}),
    ],
)
async def test_a_path_is_readable_or_refused(echo: Echo, path: str, statuses: set[int]) -> None:
    answered = await echo.send("DELETE", path)
    assert answered.status in statuses, answered
    assert answered.status == 204 or answered.code


@pytest.mark.parametrize(
    "header",
    [
        b"Idempotency-Key: \xff\xfe",
        b"Idempotency-Key: \x01",
        b"Idempotency-Key:",
        b"Idempotency-Key: " + b"x" * 129,
        b"If-Match: \xff",
        b"If-Match: now",
    ],
)
async def test_a_header_of_odd_bytes_is_422(echo: Echo, header: bytes) -> None:
    answered = await echo.send("DELETE", "/echo/1", None, header)
    assert (answered.status, answered.code) == (422, "invalid_request")


async def test_headers_that_say_one_thing_come_once(echo: Echo) -> None:
    twice = await echo.send("DELETE", "/echo/1", None, KEY, KEY)
    assert (twice.status, twice.code) == (400, "malformed_request")
    odd = (b"Accept: \xff", b"Cookie: \x80", b"X-Correlation-Id: \xff", b"User-Agent: \xfe\xff")
    assert (await echo.send("DELETE", "/echo/1", None, *odd, KEY)).status == 204


async def test_if_match_is_refused_where_nothing_has_an_etag(echo: Echo) -> None:
    answered = await echo.send("POST", "/echo/1", None, KEY, b'If-Match: "now"')
    assert (answered.status, answered.code) == (422, "invalid_request")
    assert (await echo.send("DELETE", "/echo/1", None, b'If-Match: "now"')).status == 204
    assert (await echo.send("DELETE", "/echo/1", None, b'If-Match: "then"')).status == 412


async def test_a_failure_of_ours_is_a_problem_without_its_reason(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    """In an operation, and before one is reached: the toy API breaks over such a token."""
    with capture_logs() as told:
        failed = await echo.send("GET", "/broken")
        before = await echo.raw(
            b"GET /api/v1/echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: \r\n\r\n"
        )
    for answered in (failed, before):
        assert (answered.status, answered.code) == (500, "internal_error")
        assert b"business" not in answered.content
    # Once each, and not by the server again.
    assert [line["event"] for line in told] == ["api.failed"] * 2
    assert caplog.records == []


async def test_wrong_in_a_thousand_places_is_told_of_some(echo: Echo) -> None:
    fields = ",".join(f'"{number}{"x" * 200}": 1' for number in range(1000))
    answered = await echo.send("PUT", "/echo", f"{{{fields}}}".encode())
    assert (answered.status, answered.code) == (422, "invalid_request")
    assert len(answered.body["errors"]) == 20
    assert max(len(fault["pointer"]) for fault in answered.body["errors"]) == 200


async def test_who_is_slow_is_hung_up_on() -> None:
    """In the head, and in a body that never comes whole."""
    head = b"PUT /api/v1/echo HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer orders users:write\r\n"
    body = b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    async with echo_served(replace(USUAL, head_within=0.05, body_within=0.05)) as echo:
        for sent in (head, head + body):
            with Raw(echo.port) as slow:
                slow.send(sent)
                assert await in_thread(partial(slow.to_the_end)) == b""
        assert (await echo.send("PUT", "/echo", _said("1"))).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"GET /api/v1/\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 2\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n",
        b"GET /?" + b"x" * 70_000,
    ],
)
async def test_what_is_no_http_is_a_problem_too(echo: Echo, sent: bytes) -> None:
    answered = await echo.raw(sent)
    assert (answered.status, answered.code) == (400, "malformed_request")
    assert ProblemBody.model_validate(answered.body)


async def test_a_refusal_is_short_however_much_is_wrong(echo: Echo) -> None:
    many = b"{" + b",".join(b'"%x":1' % number for number in range(20_000)) + b"}"
    long = b'{"' + b"x" * 200_000 + b'":1}'
    for body in (many, long):
        answered = await echo.send("PUT", "/echo", body)
        assert (answered.status, answered.code) == (422, "invalid_request")
        assert len(answered.content) < 5_000
