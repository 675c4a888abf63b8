"""A token that holds for one request holds for no other, and once."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.api.auth.conftest import House
from tests.api.auth.forging import Forge, b64
from tests.api.encryption.partner import Api, Partner, Request, claims_of
from tests.storage.dumps import rows_of
from tests.storage.fixtures import NewDatabase
from yabot import clock
from yabot.api.answering.problems import Refused
from yabot.api.auth.expiry import expired
from yabot.api.auth.issuing import issue
from yabot.api.auth.keys import token_keys
from yabot.api.auth.knowledge import Knowledge
from yabot.api.auth.used import MOST_REMEMBERED
from yabot.api.binding import digest_of
from yabot.api.caller import Caller
from yabot.api.tables import api_used_tokens
from yabot.log.retention import Retention

pytestmark = pytest.mark.standard

ECHO = {"said": 1}


async def refused(served: Api, request: Request) -> str:
    """With what code, for everybody to read."""
    answer = await served.send(request)
    assert answer.status in (401, 503)
    return answer.code


async def test_who_encrypts_needs_a_token_for_each_request(served: Api, partner: Partner) -> None:
    bare = Request("GET", "/api/v1/echo", partner.forge.token(), b"")
    assert await refused(served, bare) == "token_unbound"
    ours = Request("PUT", "/api/v1/echo", partner.forge.token(), partner.encrypted(b"{}"))
    assert await refused(served, ours) == "token_unbound"


def _elsewhere(request: Request) -> dict[str, Request]:
    """What somebody in between may make of it."""
    return {
        "another method": request.changed(method="DELETE"),
        "another path": request.changed(target="/api/v1/echo/1"),
        "a path written otherwise": request.changed(target="/api/v1/%65cho?kind=a"),
        "a slash more": request.changed(target="/api/v1/echo/?kind=a"),
        "another query": request.changed(target="/api/v1/echo?kind=b"),
        "a query written otherwise": request.changed(target="/api/v1/echo?kind=%61"),
        "one parameter more": request.changed(target="/api/v1/echo?kind=a&limit=1"),
        "no query": request.changed(target="/api/v1/echo"),
        # The last letter of a tag is A, Q, g or w.
        "another body": request.changed(content=request.content[:-1] + b"B"),
        "a longer body": request.changed(content=request.content + b" "),
        "no body": request.changed(content=b""),
    }


async def test_a_request_that_was_changed_is_refused_and_uses_nothing_up(
    served: Api, partner: Partner, house: House
) -> None:
    request = partner.request("PUT", "/echo?kind=a", ECHO)
    for name, changed in _elsewhere(request).items():
        assert await refused(served, changed) == "token_bound_elsewhere", name
    assert await rows_of(house.database, api_used_tokens) == []
    # The query string is one that the operation does not take: it has got as far as that.
    assert partner.read(request, await served.send(request)).code == "invalid_request"


@pytest.mark.parametrize("letter", range(0, 120, 7))
async def test_a_token_that_was_changed_is_refused(
    served: Api, partner: Partner, letter: int
) -> None:
    request = partner.request("PUT", "/echo", ECHO)
    head, claims, signature = request.token.split(".")
    at = letter * len(claims) // 120
    other = "A" if claims[at] != "A" else "B"
    changed = f"{head}.{claims[:at]}{other}{claims[at + 1 :]}.{signature}"
    code = await refused(served, request.changed(token=changed))
    assert code in ("token_signature_wrong", "token_malformed")


async def test_claims_that_were_changed_are_refused(served: Api, partner: Partner) -> None:
    request = partner.request("PUT", "/echo", ECHO)
    head, _, signature = request.token.split(".")
    for name, value in claims_of(request.token).items():
        told: dict[str, Any] = {**claims_of(request.token), name: _another(value)}
        changed = f"{head}.{b64(json.dumps(told).encode())}.{signature}"
        assert await refused(served, request.changed(token=changed)) == "token_signature_wrong"


def _another(value: Any) -> Any:
    return {**value, "method": "GET"} if isinstance(value, dict) else f"{value}1"


@pytest.mark.parametrize(
    "req",
    [
        {"method": "put"},
        {"method": None},
        {"target": "api/v1/echo"},
        {"target": "/api/v1/echo\n"},
        {"body": "short"},
        {"body": digest_of(b"") + "="},
        {"headers": None},
        {"headers": {"If-Match": "*", "if-match": "*"}},
        {"headers": {"Content-Type": "application/json"}},
        {"headers": {"authorization": "Bearer x"}},
        {"headers": {"X-Y": "a\r\nX-Z: b"}},
        {"headers": {"X Y": "a"}},
        {"headers": {"X-Y": 1}},
        {"unless": "it rains"},
    ],
)
async def test_a_claim_of_another_form_is_refused(
    served: Api, partner: Partner, req: dict[str, Any]
) -> None:
    assert await refused(served, partner.request("PUT", "/echo", ECHO, req=req)) == (
        "token_malformed"
    )


async def test_it_lasts_a_minute_at_most(served: Api, partner: Partner) -> None:
    now = int(clock.utc_now().timestamp())
    long = partner.request("GET", "/echo", iat=now, exp=now + 61)
    assert await refused(served, long) == "token_lasts_too_long"
    late = partner.request("GET", "/echo")
    clock.set_ahead(clock.ahead() + timedelta(seconds=61))
    assert await refused(served, late) == "token_expired"


async def test_it_is_taken_once(served: Api, partner: Partner) -> None:
    request = partner.request("PUT", "/echo", ECHO)
    assert partner.read(request, await served.send(request)).status == 200
    for _ in range(2):
        assert await refused(served, request) == "token_replayed"
    # Another request in its name does not help.
    again = partner.request("PUT", "/echo", ECHO, jti=claims_of(request.token)["jti"])
    assert await refused(served, again) == "token_replayed"


async def test_a_request_that_was_refused_inside_is_not_taken_again_either(
    served: Api, partner: Partner
) -> None:
    request = partner.request("PUT", "/echo", content=b"junk")
    assert partner.read(request, await served.send(request)).code == "body_not_decryptable"
    assert await refused(served, request) == "token_replayed"


async def test_of_copies_that_come_at_once_one_is_taken(served: Api, partner: Partner) -> None:
    request = partner.request("PUT", "/echo", ECHO)
    answers = await asyncio.gather(*(served.send(request) for _ in range(10)))
    assert sorted(each.status for each in answers) == [200, *[401] * 9]


async def test_a_copy_that_has_come_whole_meanwhile_costs_neither_quota_nor_commit(
    house: House,
) -> None:
    caller = Caller("orders", frozenset(), "one", clock.utc_now() + timedelta(minutes=1))
    house.used.require_unseen(caller)
    house.used.remember(caller)
    for ask in (house.used.require_unseen, house.used.remember):
        with pytest.raises(Refused) as refused:
            ask(caller)
        assert refused.value.code == "token_replayed"
    assert await rows_of(house.database, api_used_tokens) == []


async def test_services_do_not_use_up_each_others(served: Api, house: House) -> None:
    other = Partner(served.partner.offered, Forge("billing"))
    scopes = ("users:read", "users:write")
    await house.register(other.forge, *scopes, protection=other.protection)
    for partner in (served.partner, other):
        assert (await served.ask("GET", "/echo", jti="the-same", partner=partner)).status == 200


async def test_while_sql_does_not_answer_nothing_is_let_in_and_nothing_is_lost(
    served: Api, partner: Partner, house: House
) -> None:
    request = partner.request("PUT", "/echo", ECHO)
    house.database.gate.reason = "gone"
    answer = await served.send(request)
    assert (answer.status, answer.code) == (503, "store_unavailable")
    assert answer.headers["retry-after"] == "1"
    house.database.gate.reason = None
    assert partner.read(request, await served.send(request)).status == 200


async def test_who_forgets_all_of_it_asks_sql(served: Api, partner: Partner, house: House) -> None:
    request = partner.request("PUT", "/echo", ECHO)
    assert partner.read(request, await served.send(request)).status == 200
    until = clock.utc_now() + timedelta(minutes=1)
    for number in range(MOST_REMEMBERED):
        house.used.remember(Caller("others", frozenset(), str(number), until))
    assert await refused(served, request) == "token_replayed"


async def test_of_two_processes_one_takes_it(new_database: NewDatabase, tmp_path: Any) -> None:
    """On either engine, and however close one is behind the other."""
    houses, keys = [], token_keys(tmp_path / "keys")
    for _ in range(2):
        database = new_database()
        await database.open()
        knowledge = Knowledge(keys, database, look_again_after=0)
        houses.append(House(database, keys, knowledge))
    until = clock.utc_now() + timedelta(minutes=1)
    for number in range(20):
        caller = Caller("orders", frozenset(), str(number), until)
        told = await asyncio.gather(
            *(house.used.take(caller) for house in houses), return_exceptions=True
        )
        (lost,) = [each for each in told if each is not None]
        assert isinstance(lost, Refused)
        assert lost.code == "token_replayed"
    for house in houses:
        await house.database.close()


async def test_it_is_forgotten_when_it_holds_nowhere_any_more(
    served: Api, partner: Partner, house: House
) -> None:
    request = partner.request("GET", "/echo")
    assert partner.read(request, await served.send(request)).status == 200
    sweeping = Retention(house.database, 30, expired, clock.utc_now)
    # To a machine whose clock is thirty seconds behind, it holds as much longer.
    for seconds, left in ((70, 1), (30, 0)):
        clock.set_ahead(clock.ahead() + timedelta(seconds=seconds))
        await sweeping.sweep()
        assert len(await rows_of(house.database, api_used_tokens)) == left


async def test_who_does_not_encrypt_may_bind_its_tokens_too(served: Api, house: House) -> None:
    """Then they hold for that request alone, and its headers as they were signed."""
    plain = Partner(served.partner.offered, Forge("billing"))
    await house.register(plain.forge, "users:read", "users:write")
    json = (b"Content-Type: application/json",)
    request = plain.request("PUT", "/echo", content=b'{"said": 1}').changed(headers=json)
    for changed in (
        request.changed(content=b'{"said": 2}'),
        request.changed(target="/api/v1/echo?limit=1"),
    ):
        assert await refused(served, changed) == "token_bound_elsewhere"
    answer = await served.send(request)
    assert (answer.status, answer.body) == (200, {"said": 1})
    assert await refused(served, request) == "token_replayed"
    deleting = plain.request("DELETE", "/echo/1", signed={"If-Match": '"other"'})
    answer = await served.send(deleting.changed(headers=(b'If-Match: "now"',)))
    assert (answer.status, answer.code) == (412, "precondition_failed")
    large = plain.request("PUT", "/echo", content=b" " * 300_000).changed(headers=json)
    assert (await served.send(large)).code == "body_too_large"


async def test_a_token_of_ours_in_the_name_of_a_service_is_not_encrypted(
    served: Api, house: House
) -> None:
    """People and scripts have no key to decrypt with."""
    token = issue(house.keys, "orders", ["users:read"], timedelta(minutes=1))
    answer = await served.send(Request("GET", "/api/v1/echo", token, b""))
    assert (answer.status, answer.body) == (200, {"said": [50]})


async def test_a_service_that_begins_to_encrypt_is_held_to_it_at_once(
    served: Api, house: House
) -> None:
    plain = Partner(served.partner.offered, Forge("billing"))
    await house.register(plain.forge, "users:read")
    request = Request("GET", "/api/v1/echo", plain.forge.token(), b"")
    assert (await served.send(request)).status == 200
    await house.protect("billing", plain.protection)
    await house.knowledge.look()
    assert await refused(served, request) == "token_unbound"
    assert (await served.ask("GET", "/echo", partner=plain)).status == 200
