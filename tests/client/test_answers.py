"""What a client makes of answers, and what it does not let itself be told."""

import json
import logging
import traceback
from dataclasses import replace
from socket import socket

import pytest

from tests.client.asking import CHANGE, READ, Asker, OwnTime
from tests.client.conftest import NewAsker
from tests.client.faulty import (
    Behaviour,
    FaultyServer,
    Got,
    faulty_server,
    refuses,
    resets,
    says,
    sends,
)
from yabot_client import (
    Call,
    FieldError,
    Misconfigured,
    Refused,
    Unreachable,
    UntrustedAnswer,
    YabotError,
    correlation,
)
from yabot_client.receiving import LARGEST

pytestmark = pytest.mark.standard
FINE = says(200, {})


def test_an_answer_is_what_was_said(ask: Asker, server: FaultyServer) -> None:
    server.behaves(says(201, {"a": [1, "ñ"]}, ETag='"7"'))
    answer = ask()
    assert (answer.status, answer.body) == (201, {"a": [1, "ñ"]})
    assert answer.headers["etag"] == answer.headers["ETag"] == '"7"'
    server.behaves(sends(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert ask(CHANGE).body is None


def test_a_request_is_what_the_call_says(ask: Asker, server: FaultyServer) -> None:
    call = replace(
        CHANGE,
        path="/api/v1/user/a%2Fb/preferences",
        query=(("q", "ñ &=+"), ("q", "2")),
        body={"nombre": "Ñandú"},
        if_match='"7"',
    )
    with correlation("order-7"):
        ask(call)
    ask()
    got, without = server.got
    assert got.target == "/api/v1/user/a%2Fb/preferences?q=%C3%B1%20%26%3D%2B&q=2"
    assert (got.method, got.body) == ("PUT", '{"nombre":"Ñandú"}'.encode())
    assert got.headers["content-type"] == "application/json"
    assert got.headers["if-match"] == '"7"'
    assert got.headers["x-correlation-id"] == "order-7"
    assert got.headers["user-agent"] == "yabot-client/0.1.0"
    unset = {"content-type", "if-match", "x-correlation-id", "idempotency-key", "cookie"}
    assert not unset & without.headers.keys()


def test_an_address_may_have_a_path(new_asker: NewAsker, server: FaultyServer) -> None:
    new_asker(url=f"{server.url}/yabot/")()
    assert server.got[0].target == "/yabot/api/v1/user/7"


def test_a_refusal_says_all_that_it_was_told(ask: Asker, server: FaultyServer) -> None:
    problem = {
        "code": "no_such_code_yet",
        "detail": "It breaks a rule.",
        "correlation_id": "c-1",
        "errors": [{"pointer": "/theme", "detail": "It is no theme."}],
    }
    server.behaves(says(422, problem, Retry_After="3"))
    with pytest.raises(Refused) as refused:
        ask()
    error = refused.value
    assert type(error) is Refused
    assert (error.status, error.code, error.detail) == (422, "no_such_code_yet", problem["detail"])
    assert error.errors == (FieldError("/theme", "It is no theme."),)
    assert (error.correlation_id, error.retry_after) == ("c-1", 3)
    assert str(error) == "422 no_such_code_yet: It breaks a rule."


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", b"[]", b'{"code": 7, "errors": {}}', b'{"errors": [7, {}]}', b"[" * 100_000],
)
def test_a_refusal_that_says_nothing_is_one_all_the_same(
    ask: Asker, server: FaultyServer, content: bytes
) -> None:
    server.behaves(says(404, content=content))
    with pytest.raises(Refused) as refused:
        ask()
    assert (refused.value.status, refused.value.code) == (404, "")


@pytest.mark.parametrize(
    "behaviour",
    [
        says(301, Location="https://elsewhere.example/"),
        says(307, Location="/api/v1/user/8"),
        says(200, content=b"<html>Log in to this network!</html>", Content_Type="text/html"),
        says(200, content=b"{"),
        says(200, content=b"[" * 100_000),
        says(200, content=b"\xff"),
        says(200),
        says(200, content=b"null"),
        says(200, []),
        says(201, "done"),
        says(200, {}, Content_Type="application/jose"),
    ],
)
def test_what_cannot_be_yabots_is_not_taken_for_it(
    ask: Asker, server: FaultyServer, behaviour: Behaviour
) -> None:
    server.behaves(behaviour, FINE)
    with pytest.raises(UntrustedAnswer):
        ask()
    assert len(server.got) == 1


def test_an_answer_that_is_too_long_is_hung_up_on(ask: Asker, server: FaultyServer) -> None:
    sent = 0

    def goes_on(connection: socket, _: Got) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while sent < 4 * LARGEST:
            connection.sendall(b" " * 65536)
            sent += 65536

    server.behaves(goes_on)
    with pytest.raises(Unreachable, match="more than"):
        ask()
    assert sent < 3 * LARGEST


def test_nothing_is_unpacked(ask: Asker, server: FaultyServer) -> None:
    server.behaves(says(200, content=b"\x1f\x8b\x08", Content_Encoding="gzip"))
    with pytest.raises(UntrustedAnswer):
        ask()
    assert server.got[0].headers["accept-encoding"] == "identity"


def test_cookies_are_not_kept(ask: Asker, server: FaultyServer) -> None:
    server.behaves(says(200, {}, Set_Cookie="track=me"))
    ask()
    ask()
    assert "cookie" not in server.got[1].headers


def test_a_proxy_is_taken_only_from_whoever_makes_the_client(
    new_asker: NewAsker, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        new_asker()()
        assert (len(server.got), len(proxy.got)) == (1, 0)
        new_asker(proxy=proxy.url)()
        assert (len(server.got), len(proxy.got)) == (1, 1)


@pytest.mark.parametrize("path", ["/api/v1/user/../events", "/api/v1/user/."])
def test_an_id_leads_to_no_other_path(ask: Asker, server: FaultyServer, path: str) -> None:
    with pytest.raises(Misconfigured):
        ask(replace(READ, path=path))
    assert server.got == []


@pytest.mark.parametrize(
    ("sentence", "call"),
    [
        ("after has half a surrogate pair", replace(READ, query=(("after", "Ana\ud800"),))),
        ("too long for a URL", replace(READ, query=(("after", "Ana" * 30_000),))),
        ("too long for a URL", replace(READ, path="/api/v1/user/" + "Ana" * 30_000)),
        ("printable ASCII", replace(CHANGE, idempotency_key=7)),  # type: ignore[arg-type]
        ("nothing that JSON can say", replace(CHANGE, body={"Ana": float("nan")})),
        ("nothing that JSON can say", replace(CHANGE, body={"Ana": {7}})),
        ("nothing that JSON can say", replace(CHANGE, body={("Ana",): 7})),
    ],
)
def test_what_no_request_can_say_is_told(
    ask: Asker, server: FaultyServer, sentence: str, call: Call
) -> None:
    with pytest.raises(Misconfigured, match=sentence) as wrong:
        ask(call)
    assert "Ana" not in str(wrong.value)
    assert server.got == []


@pytest.mark.parametrize("value", ["", "a\r\nb", "ñ", "x" * 3000])
@pytest.mark.parametrize("header", ["if_match", "idempotency_key"])
def test_a_header_that_cannot_be_sent_is_told(
    ask: Asker, server: FaultyServer, header: str, value: str
) -> None:
    with pytest.raises(Misconfigured, match="printable ASCII"):
        ask(_with(header, value))
    assert server.got == []


@pytest.mark.parametrize(
    "behaviour",
    [
        refuses(422, "invalid_request"),
        says(200, content=b"{"),
        says(302),
        resets,
        sends(b"HTTP/1.1 200 OK\r\nNo header\r\n\r\n"),
    ],
)
def test_no_error_and_no_log_tells_a_secret(
    new_asker: NewAsker,
    server: FaultyServer,
    key: str,
    time: OwnTime,
    caplog: pytest.LogCaptureFixture,
    behaviour: Behaviour,
) -> None:
    """At any level, of any library's; with all that stands behind the error, too."""
    caplog.set_level(logging.DEBUG)
    server.behaves(behaviour)
    call = replace(CHANGE, body={"name": "Ana-the-reader"}, idempotency_key="order-7")
    ask = new_asker(retries=0)
    with pytest.raises(YabotError) as ended:
        ask(call)
    chain: BaseException | None = ended.value
    told = [caplog.text, repr(call), repr(ask.client), repr(vars(ask.client))]
    while chain is not None:
        told += [repr(chain), *traceback.format_exception(chain)]
        chain = chain.__context__
    (got,) = server.got
    for secret in (got.token, json.loads(key)["d"], "Ana-the-reader", "order-7"):
        assert secret not in "\n".join(told)


def test_a_correlation_id_is_one(ask: Asker) -> None:
    with pytest.raises(ValueError, match="1 to 128"), correlation("two words"):
        pass


def _with(header: str, value: str) -> Call:
    if header == "if_match":
        return replace(CHANGE, if_match=value)
    return replace(CHANGE, idempotency_key=value)
