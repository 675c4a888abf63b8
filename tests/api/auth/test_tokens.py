"""Which tokens are let in, and what the others are told."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from tests.api.auth.conftest import CLIENT, House, request_from
from tests.api.auth.forging import BAD, Forge
from tests.storage.dumps import rows_of
from yabot import clock
from yabot.api.answering.problems import Refused
from yabot.api.auth.expiry import expired
from yabot.api.auth.issuing import issue
from yabot.api.auth.knowledge import Knowledge
from yabot.api.auth.refusals import OF_TOKENS
from yabot.api.tables import api_revocations
from yabot.errors import StoreUnavailable
from yabot.log.retention import Retention


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_refused_by_what_is_wrong_with_it(
    house: House, orders: Forge, kind: str
) -> None:
    code, make = BAD[kind]
    token = make(orders)
    with pytest.raises(Refused) as refused:
        await house.ask(token)
    assert (refused.value.kind.status, refused.value.code) == (401, code)
    assert refused.value.headers["WWW-Authenticate"].startswith('Bearer realm="yabot", error=')
    assert token not in str(refused.value.body("x"))
    assert house.refused == [code]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "token_missing"),
        (["Bearer"], "token_malformed"),
        (["Bearer "], "token_malformed"),
        (["Basic YTpi"], "token_malformed"),
        (["Bearer a.b.c", "Bearer a.b.c"], "token_malformed"),
    ],
)
async def test_a_header_without_one_token_is_refused(
    house: House, headers: list[str], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await house.door(request_from(CLIENT, *headers))
    assert refused.value.code == code


def test_no_sentence_breaks_out_of_its_header() -> None:
    for problem in OF_TOKENS:
        assert problem.meaning.isascii()
        assert not set('"\\') & set(problem.meaning)


@pytest.mark.criterion("4.3.2")
async def test_a_service_may_do_what_its_token_and_its_registration_both_say(
    house: House, orders: Forge
) -> None:
    caller = await house.ask(orders.token(scope="users:read users:write admin"))
    assert (caller.service, caller.scopes) == ("orders", frozenset(["users:read"]))


async def test_an_audience_may_be_one_of_several(house: House, orders: Forge) -> None:
    assert await house.code(orders.token(aud=["billing", "yabot"])) == "ok"


async def test_a_token_of_ours_names_any_service(house: House) -> None:
    token = issue(house.keys, "ana", ["admin"], timedelta(minutes=15))
    caller = await house.ask(token)
    assert (caller.service, caller.scopes) == ("ana", frozenset(["admin"]))
    lasts = caller.expires_at - clock.utc_now()
    assert timedelta(minutes=14) < lasts <= timedelta(minutes=15)


async def test_nobody_signs_in_our_name(house: House, orders: Forge) -> None:
    issue(house.keys, "ana", ["admin"], timedelta(minutes=15))
    ours = house.keys.current(clock.utc_now()).kid
    assert await house.code(Forge("orders", ours).token()) == "token_signature_wrong"
    assert await house.code(orders.token(iss="yabot", sub="ana")) == "token_issuer_wrong"


@pytest.mark.criterion("4.3.2")
async def test_a_token_that_was_let_in_is_refused_once_it_has_expired(
    house: House, orders: Forge
) -> None:
    token = orders.token()
    assert await house.code(token) == "ok"
    clock.set_ahead(clock.ahead() + timedelta(minutes=6))
    assert await house.code(token) == "token_expired"


@pytest.mark.criterion("4.3.2")
async def test_a_token_that_was_let_in_is_refused_once_it_is_revoked(
    house: House, orders: Forge
) -> None:
    leaked, other = orders.token(jti="leaked"), orders.token()
    assert [await house.code(leaked), await house.code(other)] == ["ok", "ok"]
    await house.revoke("leaked")
    await house.revoke("leaked")
    await house.knowledge.look()
    assert [await house.code(leaked), await house.code(other)] == ["token_revoked", "ok"]


async def test_what_was_known_goes_on_to_hold_while_sql_is_away(
    house: House, orders: Forge
) -> None:
    await house.revoke("leaked")
    await house.knowledge.look()
    house.database.gate.reason = "gone"
    with pytest.raises(StoreUnavailable):
        await house.knowledge.look()
    assert await house.code(orders.token()) == "ok"
    assert await house.code(orders.token(jti="leaked")) == "token_revoked"
    assert await house.code(Forge().token()) == "token_key_unknown"
    # Our own keys are in a folder, which is there.
    assert await house.code(issue(house.keys, "ana", ["admin"], timedelta(1))) == "ok"


async def test_before_sql_has_been_read_nobody_is_told_that_a_token_is_worth_nothing(
    house: House, orders: Forge
) -> None:
    house.database.gate.reason = "gone"
    begun = House(
        house.database, house.keys, Knowledge(house.keys, house.database, look_again_after=0)
    )
    for token in (orders.token(), issue(house.keys, "ana", ["admin"], timedelta(1))):
        with pytest.raises(Refused) as refused:
            await begun.ask(token)
        assert (refused.value.kind.status, refused.value.code) == (503, "store_unavailable")
    assert begun.refused == []
    house.database.gate.reason = None
    assert await begun.code(orders.token()) == "ok"


async def test_trouble_that_nobody_has_thought_of_is_no_failure_of_the_request(
    house: House, orders: Forge
) -> None:
    assert await house.code(orders.token()) == "ok"
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE api_revocations RENAME TO gone")
    with pytest.raises(OperationalError, match="no such table"):
        await house.knowledge.look()
    assert await house.code(Forge().token()) == "token_key_unknown"
    assert await house.code(orders.token()) == "ok"


class Counted(Knowledge):
    """It counts its looks."""

    looks = 0

    async def _look(self) -> None:
        self.looks += 1
        await super()._look()


async def test_all_who_name_unknown_keys_share_a_look(house: House, orders: Forge) -> None:
    knowledge = Counted(house.keys, house.database, look_again_after=0.05)
    patient = House(house.database, house.keys, knowledge)
    codes = await asyncio.gather(*(patient.code(Forge().token()) for _ in range(20)))
    assert set(codes) == {"token_key_unknown"}
    assert knowledge.looks == 1
    # Just behind a look: it is waited for the next one.
    late = Forge("billing")
    await house.register(late)
    assert await patient.code(late.token()) == "ok"
    assert await patient.code(orders.token()) == "ok"
    assert knowledge.looks == 2


async def test_a_revocation_goes_when_no_token_can_hold_any_more(house: House) -> None:

    await house.revoke("leaked")
    sweeping = Retention(house.database, 30, expired, clock.utc_now)
    await sweeping.sweep()
    assert len(await rows_of(house.database, api_revocations)) == 1
    clock.set_ahead(clock.ahead() + timedelta(hours=25))
    await sweeping.sweep()
    assert await rows_of(house.database, api_revocations) == []
