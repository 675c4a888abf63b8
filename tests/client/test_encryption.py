"""Encrypted bodies: what a client sends, and which answers it believes."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from socket import socket

import pytest

from tests.client.asking import CHANGE, ONCE, READ, Asker, OwnTime
from tests.client.conftest import NewAsker
from tests.client.encrypting import ANSWER, JOSE, LIST, Yabot
from tests.client.faulty import Behaviour, FaultyServer, Got, refuses, says
from yabot.api.jose.encryption import DecryptionKey
from yabot.api.jose.signing import SigningKey
from yabot_client import Refused, UntrustedAnswer, correlation
from yabot_client.encryption import MOST_SKEW
from yabot_client.yabot_keys import REFRESHED_EVERY

pytestmark = pytest.mark.standard
HOUR = REFRESHED_EVERY


@pytest.fixture
def yabot(time: OwnTime, server: FaultyServer) -> Yabot:
    yabot = Yabot(time)
    server.behaves(yabot.behaves(yabot.answers()))
    return yabot


@pytest.fixture
def ask(new_asker: NewAsker, yabot: Yabot) -> Asker:
    return new_asker(**yabot.options)


def test_only_yabot_can_read_what_is_asked_and_nobody_change_it(ask: Asker, yabot: Yabot) -> None:
    with correlation("order-7"):
        ask(replace(CHANGE, query=(("x", "1 2"),), if_match='"7"', idempotency_key="once"))
    (got,) = yabot.got
    assert got.headers["content-type"] == JOSE
    assert yabot.decrypted(got) == {"theme": "dark"}
    assert got.claims["exp"] - got.claims["iat"] <= 60
    assert got.claims["req"] == {
        "method": "PUT",
        "target": "/api/v1/user/7/preferences?x=1%202",
        "body": _digest(got.body),
        "headers": {"Idempotency-Key": "once", "If-Match": '"7"', "X-Correlation-Id": "order-7"},
    }
    assert got.target == got.claims["req"]["target"]
    meant = {"idempotency-key", "if-match", "x-correlation-id"}
    assert not meant & got.headers.keys()


def test_what_has_no_body_is_bound_all_the_same(ask: Asker, yabot: Yabot) -> None:
    ask(READ)
    (got,) = yabot.got
    assert got.claims["req"]["body"] == _digest(b"")
    assert "content-type" not in got.headers


def test_each_try_has_a_token_of_its_own_and_a_change_its_key(
    ask: Asker, yabot: Yabot, server: FaultyServer
) -> None:
    server.behaves(yabot.behaves(yabot.answers(503), refuses(503, "not_open"), yabot.answers()))
    ask(CHANGE)
    assert len({got.claims["jti"] for got in yabot.got}) == len(yabot.got) == 3
    assert len({got.claims["req"]["headers"]["Idempotency-Key"] for got in yabot.got}) == 1


def test_an_answer_is_what_it_says_inside(ask: Asker, yabot: Yabot, server: FaultyServer) -> None:
    server.behaves(
        yabot.behaves(
            yabot.answers(201, {"a": "ñ" * 300_000}, {"headers": _headers(ETag='"7"')}),
            yabot.answers(204, changed={"headers": {}, "body": None}),
            yabot.answers(404, {"code": "user_unknown", "detail": "There is none."}),
        )
    )
    answer = ask()
    assert (answer.status, answer.headers["etag"]) == (201, '"7"')
    assert answer.body == {"a": "ñ" * 300_000}
    assert ask().body is None
    with pytest.raises(Refused) as refused:
        ask()
    assert (refused.value.status, refused.value.code) == (404, "user_unknown")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "orders"},
        {"aud": "billing"},
        {"aud": ["orders"]},
        {"req": "another"},
        {"req": None},
        {"iat": None},
        {"iat": 1_790_000_000 - 3600},
        {"iat": 1_790_000_000 + 3600},
        {"status": "200"},
        {"status": None},
        {"status": 100},
        {"headers": None},
        {"body": {"a": 1}},
    ],
)
def test_an_answer_to_something_else_is_none(
    ask: Asker, yabot: Yabot, server: FaultyServer, changed: dict[str, object]
) -> None:
    server.behaves(yabot.behaves(yabot.answers(changed=changed), yabot.answers()))
    with pytest.raises(UntrustedAnswer):
        ask()
    assert len(yabot.got) == 1


Forged = Callable[[Yabot, Got], bytes]


def _signed(yabot: Yabot, got: Got, typ: str = ANSWER) -> str:
    return yabot.answering.sign(yabot.claims(got), typ)


def _by_another(yabot: Yabot, got: Got) -> bytes:
    """Of somebody who knows the service's public key, as YABOT does."""
    return yabot.encrypted(SigningKey.generate().sign(yabot.claims(got), ANSWER))


def _by_another_of_that_kid(yabot: Yabot, got: Got) -> bytes:
    members = {**json.loads(SigningKey.generate().text), "kid": yabot.answering.kid}
    return yabot.encrypted(SigningKey.read(json.dumps(members)).sign(yabot.claims(got), ANSWER))


def _unsigned(yabot: Yabot, got: Got) -> bytes:
    return yabot.encrypted(json.dumps(yabot.claims(got)))


def _without_alg(yabot: Yabot, got: Got) -> bytes:
    header = json.dumps({"alg": "none", "kid": yabot.answering.kid, "typ": ANSWER})
    return yabot.encrypted(f"{_b64(header.encode())}.{_signed(yabot, got).split('.')[1]}.")


def _for_another_end(yabot: Yabot, got: Got) -> bytes:
    return yabot.encrypted(_signed(yabot, got, "JWT"))


def _of_another_kind(yabot: Yabot, got: Got) -> bytes:
    return yabot.encrypted(_signed(yabot, got), "application/json")


def _for_another_key(yabot: Yabot, got: Got) -> bytes:
    other = DecryptionKey.generate()
    return Yabot(yabot.time, ours=other).encrypted(_signed(yabot, got))


def _not_encrypted(yabot: Yabot, got: Got) -> bytes:
    return _signed(yabot, got).encode()


def _truncated(yabot: Yabot, got: Got) -> bytes:
    return yabot.encrypted(_signed(yabot, got))[:-8]


def _changed(yabot: Yabot, got: Got) -> bytes:
    head, key, nonce, content, tag = yabot.encrypted(_signed(yabot, got)).split(b".")
    other = bytes([content[9] ^ 1 if content[9] != ord("z") else ord("a")])
    return b".".join([head, key, nonce, content[:9] + other + content[10:], tag])


def _made_up(_: Yabot, __: Got) -> bytes:
    return b'{"a": 1}'


def _nothing(_: Yabot, __: Got) -> bytes:
    return b""


@pytest.mark.parametrize(
    "forged",
    [
        *(_by_another, _by_another_of_that_kid, _unsigned, _without_alg, _for_another_end),
        *(_of_another_kind, _for_another_key, _not_encrypted, _truncated, _changed),
        *(_made_up, _nothing),
    ],
)
@pytest.mark.parametrize("kind_said", [JOSE, "application/json"])
def test_a_forged_answer_is_none(
    ask: Asker, yabot: Yabot, server: FaultyServer, forged: Forged, kind_said: str
) -> None:
    def forge(connection: socket, got: Got) -> None:
        says(content=forged(yabot, got), Content_Type=kind_said)(connection, got)

    server.behaves(yabot.behaves(forge, yabot.answers()))
    with pytest.raises(UntrustedAnswer):
        ask(CHANGE)
    assert len(yabot.got) == 1


def test_an_answer_of_before_is_none(ask: Asker, yabot: Yabot, server: FaultyServer) -> None:
    kept: list[bytes] = []

    def replay(connection: socket, got: Got) -> None:
        if not kept:
            kept.append(yabot.encrypted(_signed(yabot, got)))
        says(content=kept[0], Content_Type=JOSE)(connection, got)

    server.behaves(yabot.behaves(replay))
    ask()
    with pytest.raises(UntrustedAnswer, match="another request"):
        ask()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500, 301, 304])
def test_what_anybody_may_have_said_is_nobodys_word(
    ask: Asker, yabot: Yabot, server: FaultyServer, status: int
) -> None:
    server.behaves(yabot.behaves(refuses(status, "user_unknown", "Believe me!"), yabot.answers()))
    with pytest.raises(UntrustedAnswer) as untrusted:
        ask(CHANGE)
    assert "Believe" not in str(untrusted.value)
    assert len(yabot.got) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_hint_to_come_later_is_followed_and_said_to_be_one(
    ask: Asker, yabot: Yabot, server: FaultyServer, time: OwnTime, status: int
) -> None:
    hint = refuses(status, "too_busy", Retry_After="7")
    server.behaves(yabot.behaves(hint, yabot.answers()))
    ask(CHANGE)
    assert 7 <= sum(time.slept) < 8
    server.behaves(yabot.behaves(hint))
    with pytest.raises(UntrustedAnswer, match=f"{status} too_busy.*hint"):
        ask(CHANGE)


def test_a_hint_about_the_clock_is_followed_only_so_far(
    ask: Asker, yabot: Yabot, server: FaultyServer, time: OwnTime
) -> None:
    def late(seconds: float) -> Behaviour:
        return refuses(401, "token_expired", Date=formatdate(time.wall + seconds, usegmt=True))

    server.behaves(yabot.behaves(late(MOST_SKEW + 10), yabot.answers()))
    with pytest.raises(UntrustedAnswer):
        ask()
    assert len(yabot.got) == 1
    server.behaves(yabot.behaves(late(100), yabot.answers(changed={"iat": int(time.wall) + 100})))
    ask()
    assert yabot.got[1].claims["iat"] == time.wall + 100


def test_what_something_in_between_sent_twice_is_sent_anew(
    ask: Asker, yabot: Yabot, server: FaultyServer, time: OwnTime
) -> None:
    server.behaves(yabot.behaves(refuses(401, "token_replayed"), yabot.answers()))
    ask(CHANGE)
    assert len({got.claims["jti"] for got in yabot.got}) == 2
    server.behaves(yabot.behaves(refuses(401, "token_replayed")))
    with pytest.raises(UntrustedAnswer):
        ask(CHANGE)
    assert len(yabot.got) == 2
    assert time.slept == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "quota_exceeded"), (401, "token_replayed"), (401, "token_expired")],
)
def test_no_hint_makes_a_client_do_something_twice(
    ask: Asker, yabot: Yabot, server: FaultyServer, time: OwnTime, status: int, code: str
) -> None:
    """Whoever is in between may have let it through before, and then say so."""
    hint = refuses(status, code, Date=formatdate(time.wall + 100, usegmt=True))
    server.behaves(yabot.behaves(hint, yabot.answers(changed={"iat": int(time.wall) + 100})))
    with pytest.raises(UntrustedAnswer):
        ask(ONCE)
    assert len(yabot.got) == 1
    # YABOT itself is believed.
    server.behaves(yabot.behaves(yabot.answers(429, {"code": code}), yabot.answers()))
    ask(ONCE)


# YABOT's keys, as they change.


def test_an_answer_of_a_new_key_is_believed_when_the_key_is_vouched_for(
    ask: Asker, yabot: Yabot, server: FaultyServer
) -> None:
    former, yabot.answering = yabot.answering, SigningKey.generate()
    yabot.published = lambda: yabot.list(former)
    ask()
    ask()
    assert _lists(server) == 1
    # The next one is vouched for by this one.
    former, yabot.answering = yabot.answering, SigningKey.generate()
    yabot.published = lambda: yabot.list(former)
    ask()
    assert _lists(server) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"iat": None},
        {"exp": 1_789_000_000},
        {"iss": "orders"},
        {"iat": 1_790_003_600},
        {"keys": []},
    ],
)
def test_a_list_that_is_wrong_changes_nothing(
    ask: Asker, yabot: Yabot, changed: dict[str, object]
) -> None:
    former, yabot.answering = yabot.answering, SigningKey.generate()
    yabot.published = lambda: yabot.list(former, changed)
    with pytest.raises(UntrustedAnswer, match="not known as YABOT's"):
        ask()


@pytest.mark.parametrize("by", ["a stranger", "nobody", "an answer"])
def test_a_list_that_nobody_known_has_signed_changes_nothing(
    ask: Asker, yabot: Yabot, by: str
) -> None:
    former, yabot.answering = yabot.answering, SigningKey.generate()
    yabot.published = {
        "a stranger": lambda: yabot.list(yabot.answering),
        "nobody": lambda: json.dumps(yabot.keys),
        "an answer": lambda: yabot.list(former, typ=ANSWER),
    }[by]
    with pytest.raises(UntrustedAnswer, match="not known as YABOT's"):
        ask()


def test_an_older_list_does_not_bring_a_key_back(ask: Asker, yabot: Yabot, time: OwnTime) -> None:
    first, given_up = yabot.answering, SigningKey.generate()
    with_both = [*yabot.keys["keys"], given_up.public.jwk]
    older = yabot.list(first, {"keys": with_both})
    time.passed += HOUR
    newer = yabot.list(first)
    yabot.published = lambda: newer
    ask()
    yabot.answering, yabot.published = given_up, lambda: older
    with pytest.raises(UntrustedAnswer, match="not known as YABOT's"):
        ask()


def test_keys_are_asked_for_hourly(
    ask: Asker, yabot: Yabot, server: FaultyServer, time: OwnTime
) -> None:
    signer, former = yabot.answering, yabot.decryption
    yabot.published = lambda: yabot.list(signer)
    ask(CHANGE)
    assert _lists(server) == 0
    yabot.decryption = DecryptionKey.generate()
    time.passed += HOUR
    for _ in range(3):
        ask(CHANGE)
    assert _lists(server) == 1
    assert yabot.decrypted(yabot.got[-1]) == {"theme": "dark"}
    time.passed += HOUR
    # Without an answer, what was known goes on to hold.
    yabot.published = None
    ask(CHANGE)
    assert _lists(server) == 2
    assert former.kid != yabot.decryption.kid


def test_a_key_that_is_refused_is_asked_for_once(
    ask: Asker, yabot: Yabot, server: FaultyServer, time: OwnTime
) -> None:
    refused = yabot.answers(400, {"code": "body_not_decryptable", "detail": "No."})
    server.behaves(yabot.behaves(refused, yabot.answers()))
    yabot.decryption = DecryptionKey.generate()
    yabot.published = lambda: yabot.list(yabot.answering)
    ask(CHANGE)
    assert yabot.decrypted(yabot.got[-1]) == {"theme": "dark"}
    assert len({got.claims["req"]["headers"]["Idempotency-Key"] for got in yabot.got}) == 1
    # Where there is no other, nothing is tried again.
    server.behaves(yabot.behaves(refused))
    with pytest.raises(Refused, match="body_not_decryptable"):
        ask(ONCE)
    assert (len(yabot.got), _lists(server)) == (1, 1)
    assert time.slept == []


def test_files_of_keys_change_without_a_restart(
    new_asker: NewAsker, yabot: Yabot, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "decryption.jwk", tmp_path / "yabot.jwks"
    ours.write_text(yabot.ours.text)
    theirs.write_text(json.dumps(yabot.keys))
    next_one = DecryptionKey.generate()
    ask = new_asker(decryption_keys=[ours, next_one.text], yabot_keys=theirs)
    ask()
    yabot.ours = next_one
    ask()
    yabot.ours = DecryptionKey.generate()
    with pytest.raises(UntrustedAnswer, match="not among decryption_keys"):
        ask()
    ours.write_text(yabot.ours.text)
    yabot.answering = SigningKey.generate()
    theirs.write_text(json.dumps(yabot.keys))
    ask()


def _headers(**named: str) -> dict[str, str]:
    return {"Content-Type": "application/json", **named}


def _lists(server: FaultyServer) -> int:
    """How many times the keys were asked for."""
    return sum(got.target == LIST for got in server.got)


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _digest(body: bytes) -> str:
    return _b64(hashlib.sha256(body).digest())
