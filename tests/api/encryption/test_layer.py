"""Requests are decrypted and answers encrypted, and nothing between the two knows of it."""

import asyncio
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from starlette.responses import Response

from tests.api.auth.conftest import House
from tests.api.auth.forging import Forge
from tests.api.client import without_haste
from tests.api.echo import Heads, Heard, read_heads
from tests.api.encryption.partner import Api, Keys, Partner, Request, claims_of, encrypted_api
from tests.runtime.raw import Raw, in_thread
from tests.storage.dumps import rows_of
from yabot.api.admission.turns import AT_ONCE
from yabot.api.answering.problems import ProblemBody
from yabot.api.encryption.own_keys import OwnKeys
from yabot.api.operations.requests import Asking, AskingAgain, tag
from yabot.api.operations.routes import Routes
from yabot.api.tables import api_used_tokens

pytestmark = pytest.mark.standard

ODD = 'ñ \N{MONGOLIAN VOWEL SEPARATOR} \N{GRINNING FACE} \\ " \u2028'


async def test_what_was_meant_is_handled_and_only_the_service_reads_the_answer(
    served: Api, partner: Partner
) -> None:
    request = partner.request("PUT", "/echo", {"said": ODD})
    answer = await served.send(request)
    inner = partner.read(request, answer)
    assert (inner.status, inner.body) == (200, {"said": ODD})
    assert inner.headers["content-type"] == "application/json"
    assert inner.headers["ratelimit-limit"]
    # Whoever is in between sees that something was answered, and how much.
    assert {*answer.headers} == {
        *("content-type", "content-length", "cache-control", "x-correlation-id"),
        *("date", "connection"),
    }
    assert b'"said"' not in request.content + answer.content


@pytest.mark.parametrize(
    ("method", "target", "signed", "status", "text"),
    [
        ("GET", "/echo?limit=7", {}, 200, '{"said":[7]}'),
        ("POST", "/echo/1", {"Idempotency-Key": "one"}, 204, ""),
        ("OPTIONS", "/echo", {}, 204, ""),
        ("GET", "/nowhere", {}, 404, None),
        ("PUT", "/murmur", {}, 405, None),
        ("GET", "/broken", {}, 500, None),
        ("POST", "/echo/1", {}, 422, None),
    ],
)
async def test_whatever_the_status_is_outside_it_is_the_same(
    served: Api,
    partner: Partner,
    method: str,
    target: str,
    signed: dict[str, str],
    status: int,
    text: str | None,
) -> None:
    request = partner.request(method, target, signed=signed)
    answer = await served.send(request)
    inner = partner.read(request, answer)
    assert inner.status == status
    if text is None:
        ProblemBody.model_validate(inner.body)
    else:
        assert inner.text == text
    assert ("body" in inner.claims) == bool(inner.text)


async def test_an_unchanged_answer_is_304_inside(
    house: House, keys: Keys, partner: Partner
) -> None:
    routes = Routes("tagged")

    @routes.get("/tagged", needs="users:read", gives=Heard)
    async def get_tagged(asking: AskingAgain) -> Response:
        """Say it once."""
        return asking.answer(Heard(said="once"), tag(7))

    async with encrypted_api(house, keys, partner, routes) as served:
        first = await served.ask("GET", "/tagged")
        assert (first.status, first.headers["etag"]) == (200, '"7"')
        again = await served.ask("GET", "/tagged", signed={"If-None-Match": '"7"'})
        assert (again.status, again.text, again.headers["etag"]) == (304, "", '"7"')


async def test_headers_count_as_they_were_signed_and_never_as_they_come(
    served: Api, partner: Partner
) -> None:
    signed = {"Idempotency-Key": "one", "if-match": '"now"'}
    deleted = await served.ask("DELETE", "/echo/1", signed=signed)
    assert deleted.status == 204
    # Nobody in between adds a condition, takes one away, or makes another request of it.
    request = partner.request("DELETE", "/echo/1", signed=signed)
    met = request.changed(headers=(b'If-Match: "other"', b"Idempotency-Key: two"))
    assert partner.read(met, await served.send(met)).status == 204
    request = partner.request("DELETE", "/echo/1", signed={"If-Match": '"other"'})
    unmet = request.changed(headers=(b'If-Match: "now"',))
    assert partner.read(unmet, await served.send(unmet)).status == 412
    request = partner.request("POST", "/echo/1")
    keyless = request.changed(headers=(b"Idempotency-Key: one",))
    assert partner.read(keyless, await served.send(keyless)).code == "invalid_request"


async def test_the_correlation_id_is_the_one_that_was_signed_or_else_the_one_that_comes(
    served: Api, partner: Partner
) -> None:
    for signed, sent, heard in (
        ({"X-Correlation-Id": "mine"}, (b"X-Correlation-Id: of-a-proxy",), "mine"),
        ({}, (b"X-Correlation-Id: of-a-proxy",), "of-a-proxy"),
        ({"X-Correlation-Id": "not one"}, (), None),
    ):
        request = partner.request("GET", "/nowhere", signed=signed).changed(headers=sent)
        answer = await served.send(request)
        inner = partner.read(request, answer)
        found = inner.body["correlation_id"]
        assert found == heard or (heard is None and " " not in found)
        assert inner.headers["x-correlation-id"] == answer.headers["x-correlation-id"] == found


async def test_head_cannot_be_answered(served: Api, partner: Partner) -> None:
    answer = await served.send(partner.request("HEAD", "/echo"))
    assert (answer.status, answer.headers["allow"], answer.content) == (405, "GET", b"")


async def test_the_quota_is_told_inside(house: House, keys: Keys, partner: Partner) -> None:
    async with encrypted_api(house, keys, partner, fairness=without_haste(1)) as served:
        assert (await served.ask("GET", "/echo")).status == 200
        request = partner.request("GET", "/echo")
        inner = partner.read(request, await served.send(request))
        assert (inner.status, inner.code) == (429, "quota_exceeded")
        assert int(inner.headers["retry-after"]) > 0
        # It was refused for good: whoever keeps it cannot let it take effect in the next minute,
        # nor at another process.
        assert (await served.send(request)).code == "token_replayed"
        used = {row["token_id"] for row in await rows_of(house.database, api_used_tokens)}
        assert claims_of(request.token)["jti"] in used


async def test_operators_see_how_it_was_answered_inside(served: Api) -> None:
    for _ in range(2):
        await served.ask("GET", "/echo")
    await served.ask("PUT", "/echo", {"sed": "my secret"})
    await served.ask("PUT", "/echo", content=b"junk")
    assert served.recorder.counts() == {
        ("orders", "get_echo", 200): 2,
        ("orders", "put_echo", 422): 1,
        ("orders", "-", 400): 1,
    }
    codes = [each.asked.code for each in served.recorder.refusals("orders", 10)]
    assert codes == ["body_not_decryptable", "invalid_request"]


async def test_an_answer_that_cannot_be_encrypted_does_not_go_out(
    house: House, keys: Keys, partner: Partner
) -> None:
    routes = Routes("binary")

    @routes.get("/binary", needs="users:read", gives=Heard)
    async def get_binary(asking: Asking) -> Response:
        """Answer with what is no text."""
        return Response(b"my secret \xff")

    async with encrypted_api(house, keys, partner, routes) as served:
        answer = await served.send(partner.request("GET", "/binary"))
    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"my secret" not in answer.content


async def test_while_no_answer_could_be_signed_nothing_takes_effect(
    house: House, partner: Partner, tmp_path: Path
) -> None:
    async with encrypted_api(house, OwnKeys(tmp_path / "keys"), partner) as served:
        request = partner.request("PUT", "/echo", {"said": 1})
        answer = await served.send(request)
        assert (answer.status, answer.code) == (503, "store_unavailable")
        assert served.recorder.counts() == {("-", "-", 503): 1}


async def test_who_sends_slowly_holds_up_nobody_and_uses_nothing_up(
    served: Api, partner: Partner
) -> None:
    slow = [partner.request("PUT", "/echo", {"said": n}) for n in range(2 * AT_ONCE)]
    with ExitStack() as connections:
        raws = [connections.enter_context(Raw(served.port)) for _ in slow]
        for raw, request in zip(raws, slow, strict=True):
            await in_thread(partial(raw.send, request.octets[:-10]))
        assert (await served.ask("GET", "/echo")).status == 200
        # One comes to its end elsewhere; one here.
        assert partner.read(slow[0], await served.send(slow[0])).body == {"said": 0}
        await in_thread(partial(raws[1].send, slow[1].octets[-10:]))
        heard = read_heads(await in_thread(raws[1].to_the_end))
        assert partner.read(slow[1], heard).body == {"said": 1}


async def test_others_are_asked_and_answered_as_ever(served: Api, house: House) -> None:
    plain = Forge("billing")
    await house.register(plain)
    answer = await served.send(Request("GET", "/api/v1/echo", plain.token(), b""))
    assert (answer.status, answer.body) == (200, {"said": [50]})
    assert answer.headers["content-type"] == "application/json"


async def test_an_answer_is_for_the_key_that_the_service_had_when_it_asked(
    house: House, keys: Keys, partner: Partner
) -> None:
    routes, begun, may_end = Routes("slow"), asyncio.Event(), asyncio.Event()

    @routes.get("/slow", needs="users:read", gives=Heard)
    async def get_slow(asking: Asking) -> Response:
        """Say it late."""
        begun.set()
        await may_end.wait()
        return asking.answer(Heard(said="late"))

    async with encrypted_api(house, keys, partner, routes) as served:
        request = partner.request("GET", "/slow")
        under_way = asyncio.create_task(served.send(request))
        await begun.wait()
        changed = Partner(keys.offered, partner.forge)
        await house.protect(partner.forge.service, changed.protection)
        await house.knowledge.look()
        may_end.set()
        assert partner.read(request, await under_way).body == {"said": "late"}
        assert (await served.ask("GET", "/slow", partner=changed)).body == {"said": "late"}


async def test_no_two_answers_are_the_same(served: Api, partner: Partner) -> None:
    requests = [partner.request("GET", "/echo") for _ in range(5)]
    answers: list[Heads] = await asyncio.gather(*(served.send(each) for each in requests))
    assert len({each.content for each in answers}) == 5
    told = [partner.read(*pair).claims["req"] for pair in zip(requests, answers, strict=True)]
    assert told == [claims_of(each.token)["jti"] for each in requests]
