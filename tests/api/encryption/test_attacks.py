"""TLS ends at somebody who meddles: neither side believes what the other one has not said."""

import json
import re

import pytest

from tests.api.auth.forging import unb64
from tests.api.encryption.attacks import ON_QUERIES, WITHOUT_EFFECT, on_answers, on_requests
from tests.api.encryption.fuzz import SECRET, a_plaintext, fuzzed
from tests.api.encryption.jwe import encrypted
from tests.api.encryption.service import Service
from tests.api.encryption.talking import FIRST, WANTED, Talk, believed
from tests.api.encryption.wire import Sent, send
from tests.e2e.program import Program

pytestmark = pytest.mark.standard

# Of what is said and answered. With the quotes they are no letters that may come by chance.
WORDS = (b'"theme"', b'"dark"', b'"Luc', b'"user_')
ENCODED = re.compile(rb"[A-Za-z0-9_.-]*")


@pytest.mark.criterion("4.3.4")
async def test_whoever_ends_tls_reads_nothing_of_it(talk: Talk) -> None:
    sent = talk.wanting(**{"Idempotency-Key": "one"})
    inner = talk.service.read(sent, await talk.send(sent))
    assert (inner.status, inner.body) == (200, WANTED)
    state = await talk.ask("GET", f"/api/v1/user/{talk.user_id}/state")
    assert state.body["preferences"] == WANTED
    missing = await talk.ask("GET", "/api/v1/user/1/state")
    assert (missing.status, missing.code) == (404, "user_unknown")
    for asked, answered in talk.meddler.heard:
        for octets in (asked.content, answered.content):
            assert ENCODED.fullmatch(octets)
            parts = [octets, *map(unb64, octets.decode().split("."))]
            assert not any(word in part for part in parts for word in WORDS)
        assert set(answered.headers) <= {
            *("content-type", "content-length", "cache-control", "x-correlation-id"),
            *("date", "connection"),
        }
        assert answered.status == 200


@pytest.mark.criterion("4.3.4")
async def test_a_service_that_encrypts_is_never_answered_in_plain_text(talk: Talk) -> None:
    """Not even if it forgets to: nobody talks either side out of it."""
    unbound = talk.service.request("GET", talk.preferences, req=None)
    came = await talk.send(unbound)
    assert (came.status, json.loads(came.content)["code"]) == (401, "token_unbound")
    plain = talk.service.request("PUT", talk.preferences, content=json.dumps(WANTED).encode())
    assert talk.service.read(plain, await talk.send(plain)).code == "body_not_decryptable"
    again = talk.service.request("PUT", talk.preferences, content=json.dumps(WANTED).encode())
    as_json = again.with_header("Content-Type", "application/json")
    assert talk.service.read(again, await talk.send(as_json)).code == "media_type_unsupported"
    assert talk.stored() == FIRST


async def test_yabots_keys_are_open_to_all_and_may_be_kept_for_minutes(talk: Talk) -> None:
    came = await talk.send(Sent("GET", "/.well-known/yabot-keys"))
    assert (came.status, came.headers["content-type"]) == (200, "application/jose")
    assert came.headers["cache-control"] == "public, max-age=300"
    assert talk.service.learn_from_list(came.content.decode())["keys"] == talk.service.keys


@pytest.mark.criterion("4.3.4")
async def test_a_changed_request_has_no_effect(talk: Talk, others: Service) -> None:
    older = talk.service.request("PUT", talk.preferences, FIRST)
    assert talk.service.read(older, await talk.send(older)).status == 200
    of_others = others.forge.token()
    attacks = on_requests(older, talk.service.encrypt_to, of_others)
    assert len(attacks) > 30
    for name, attack in attacks.items():
        sent = talk.wanting()
        assert attack(sent) != sent, name
        talk.meddler.change_request = attack
        inner = believed(talk.service, sent, await talk.send(sent))
        assert inner is None or inner.status >= 400, name
        assert talk.stored() == FIRST, name


@pytest.mark.criterion("4.3.4")
async def test_what_was_signed_as_a_question_never_becomes_another(talk: Talk) -> None:
    for name, (signed, changed) in ON_QUERIES.items():
        sent = talk.service.request("GET", f"/api/v1/users{signed}")
        came = await talk.send(sent.but(target=f"/api/v1/users{changed}"))
        assert came.status == 401, name
        assert json.loads(came.content)["code"] == "token_bound_elsewhere", name
    user = f"/api/v1/user/{talk.user_id}"
    came = await talk.send(talk.service.request("GET", user).but(method="DELETE"))
    assert came.status == 401
    assert json.loads(came.content)["code"] == "token_bound_elsewhere"
    assert (await talk.ask("GET", user)).status == 200


@pytest.mark.criterion("4.3.4")
async def test_headers_that_were_not_signed_count_for_nothing(talk: Talk) -> None:
    for name, attack in WITHOUT_EFFECT.items():
        assert (await talk.ask("PUT", talk.preferences, FIRST)).body == FIRST
        sent = talk.wanting()
        talk.meddler.change_request = attack
        inner = talk.service.read(sent, await talk.send(sent))
        assert (inner.status, inner.body) == (200, WANTED), name
        assert talk.stored() == WANTED, name


@pytest.mark.criterion("4.3.4")
async def test_a_changed_answer_is_not_believed(talk: Talk, others: Service) -> None:
    earlier = talk.service.request("GET", talk.preferences)
    older = await talk.send(earlier)
    theirs = others.request("GET", talk.preferences)
    of_others = await talk.send(theirs)
    assert others.read(theirs, of_others).body == FIRST
    published = await talk.send(Sent("GET", "/.well-known/yabot-keys"))
    list_of_keys = published.content.decode()
    assert talk.service.learn_from_list(list_of_keys)
    for name, attack in on_answers(talk.service, older, of_others, list_of_keys).items():
        sent = talk.service.request("GET", talk.preferences)
        talk.meddler.change_answer = attack
        assert believed(talk.service, sent, await talk.send(sent)) is None, name
    talk.meddler.behave()
    assert (await talk.ask("GET", talk.preferences)).body == FIRST


@pytest.mark.criterion("4.3.4")
async def test_what_yabot_has_told_another_service_is_not_believed(
    talk: Talk, others: Service
) -> None:
    """It asks under the same jti, reads its own answer, and encrypts that for the other one."""
    sent = talk.service.request("GET", talk.preferences, jti="the-same-for-both")
    theirs = others.request("GET", "/api/v1/user/1/state", jti="the-same-for-both")
    came = await talk.send(theirs)
    _, signed = others.recipient.read(came.content)
    recipient = json.loads(talk.service.recipient.jwk)
    forged = encrypted(recipient["kid"], recipient["x"], signed, cty="JWT")
    assert believed(talk.service, sent, came.but(content=forged)) is None
    assert others.read(theirs, came).status == 404


async def test_an_answer_cut_anywhere_is_not_believed(talk: Talk) -> None:
    sent = talk.service.request("GET", talk.preferences)
    came = await talk.send(sent)
    whole = came.content
    for length in range(len(whole)):
        cut = came.but(content=whole[:length])
        assert believed(talk.service, sent, cut) is None, length
    assert talk.service.read(sent, came).body == FIRST


async def test_what_cannot_be_read_gets_one_answer_and_is_quoted_nowhere(
    talk: Talk, playing: Program
) -> None:
    """Ten thousand more: see test_fuzzed."""
    key, before = talk.service.encrypt_to, len(playing.errors)
    originals = [encrypted(key["kid"], key["x"], a_plaintext()) for _ in range(5)]
    answers: set[tuple[int, str]] = set()
    bodies = list(fuzzed(originals, 300, seed=4))
    for body in bodies:
        sent = talk.service.request("PUT", talk.preferences, content=body)
        inner = talk.service.read(sent, await send(sent, talk.meddler.api_port))
        answers.add((inner.status, inner.code))
    # What stands for the same octets as before is read, and is nothing that preferences can be.
    assert answers <= {(400, "body_not_decryptable"), (422, "invalid_request")}
    told = playing.errors[before:]
    assert SECRET.decode() not in told
    pieces = (each[at : at + 30].decode("latin-1") for each in bodies for at in (0, 60))
    assert [each for each in pieces if len(each) == 30 and each in told] == []
    assert talk.stored() == FIRST


@pytest.mark.criterion("4.3.4")
async def test_the_same_request_again_is_refused(talk: Talk) -> None:
    sent = talk.wanting()
    assert talk.service.read(sent, await talk.send(sent)).status == 200
    assert (await talk.ask("PUT", talk.preferences, FIRST)).status == 200
    for again in (sent, sent.with_header("X-Correlation-Id", "another")):
        came = await talk.send(again)
        assert (came.status, json.loads(came.content)["code"]) == (401, "token_replayed")
        assert believed(talk.service, sent, came) is None
    assert talk.stored() == FIRST
