"""Ten thousand bodies that a service might send and nobody can read: one refusal for all."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.api.encryption.fuzz import SECRET, a_plaintext, fuzzed
from tests.api.encryption.partner import Keys, Partner
from yabot.api.answering.problems import Refused
from yabot.api.binding import Binding, digest_of
from yabot.api.caller import Caller
from yabot.api.encryption.exchange import EXCHANGE, Exchanges
from yabot.api.encryption.layer import Decrypting
from yabot.api.phases import Message, Receive, Send
from yabot.clock import utc_now

# Thousands of requests.
pytestmark = pytest.mark.slow

BODIES = 10_000
KEYS = Keys()
PARTNER = Partner(KEYS.offered)
REFUSED = (400, "body_not_decryptable")


class TakesAll:
    """In place of the tokens that were used: each is asked with once."""

    def remember(self, _caller: Caller) -> None: ...

    async def take(self, _caller: Caller) -> None: ...


async def judge(_scope: Message, refused: Refused) -> Refused:
    return refused


USED: Any = TakesAll()
SHARED = Exchanges(KEYS, USED, judge)


async def answered(body: bytes, handled: Callable[[bytes], None]) -> bytes:
    """The answer inside; ``handled`` is told of a body that a handler would see."""
    binding = Binding(method="PUT", target="/x", body=digest_of(body), headers={})
    recipient = PARTNER.protection.encrypt_to
    caller = Caller("orders", frozenset(), "of-a-test", utc_now(), binding, recipient)
    headers = [(b"content-type", b"application/jose")]
    scope: Message = {"type": "http", "method": "PUT", "headers": headers}
    scope["correlation_id"] = "the-same"
    sent: list[Message] = []

    async def handler(_scope: Message, receive: Receive, send: Send) -> None:
        handled((await receive())["body"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    scope[EXCHANGE] = await SHARED.begin(scope, receive, caller, binding)
    await Decrypting(handler)(scope, receive, send)
    start, *rest = sent
    return str(start["status"]).encode() + b" " + b"".join(each["body"] for each in rest)


async def test_ten_thousand_bodies_get_one_refusal_and_are_quoted_nowhere() -> None:
    plaintexts = [a_plaintext() for _ in range(20)]
    originals = [PARTNER.encrypted(plain) for plain in plaintexts]
    answers: Counter[bytes] = Counter()
    seen: list[bytes] = []
    with capture_logs() as logs:
        for body in originals:
            await answered(body, seen.append)
        assert seen == plaintexts
        for body in fuzzed(originals, BODIES, seed=14):
            answers[await answered(body, seen.append)] += 1
    assert logs == []
    # A letter at the end of a part may stand for the same octets: what was meant was read then.
    assert set(seen) == set(plaintexts)
    assert answers.pop(b"204 ", 0) == len(seen) - 20 < BODIES / 100
    (refusal,) = answers
    status, _, problem = refusal.partition(b" ")
    assert (int(status), json.loads(problem)["code"]) == REFUSED
    assert SECRET not in refusal


@pytest.mark.parametrize("content", [b"{}", a_plaintext() * 40], ids=["short", "long"])
async def test_a_body_cut_anywhere_gets_the_same_refusal(content: bytes) -> None:
    whole, seen = PARTNER.encrypted(content), list[bytes]()
    cut = {await answered(whole[:length], seen.append) for length in range(1, len(whole))}
    assert len(cut) == 1
    assert seen == []
