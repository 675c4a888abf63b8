"""Services that are registered, rotated and removed, while they go on asking."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest

from tests.api.auth.conftest import House
from tests.api.auth.forging import Forge
from tests.storage.dumps import rows_of
from tests.waiting import until
from yabot import clock
from yabot.api.auth.issuing import issue
from yabot.api.auth.services import KeyTaken, ServiceExists, ServiceUnknown
from yabot.api.tables import api_service_keys
from yabot.errors import InvalidInput
from yabot.log.tables import audit_log

LONG_ENOUGH = timedelta(minutes=10, seconds=1)


def pass_time(by: timedelta) -> None:
    clock.set_ahead(clock.ahead() + by)


async def test_a_service_is_let_in_at_its_first_token(house: House) -> None:
    forge = Forge("billing")
    assert await house.code(forge.token()) == "token_key_unknown"
    await house.register(forge)
    assert await house.code(forge.token()) == "ok"


async def test_the_former_key_is_believed_as_long_as_its_tokens_hold(
    house: House, orders: Forge
) -> None:
    new = Forge("orders")
    await house.rotate(new)
    assert [await house.code(each.token()) for each in (orders, new)] == ["ok", "ok"]
    pass_time(LONG_ENOUGH)
    await house.knowledge.look()
    ahead = int(clock.ahead().total_seconds())
    late = orders.claims()
    times = {"iat": late["iat"] + ahead, "exp": late["exp"] + ahead}
    assert await house.code(orders.token(None, **times)) == "token_key_unknown"
    assert await house.code(new.token(None, **times)) == "ok"


async def test_a_key_that_has_leaked_is_believed_no_longer(house: House, orders: Forge) -> None:
    token, new = orders.token(), Forge("orders")
    assert await house.code(token) == "ok"
    await house.rotate(new, at_once=True)
    await house.knowledge.look()
    assert await house.code(token) == "token_key_unknown"
    assert await house.code(new.token()) == "ok"


async def test_what_was_rotated_away_at_once_does_not_come_back_with_the_next(
    house: House, orders: Forge
) -> None:
    await house.rotate(Forge("orders"), at_once=True)
    await house.rotate(Forge("orders"))
    await house.knowledge.look()
    assert await house.code(orders.token()) == "token_key_unknown"


async def test_a_removed_service_is_let_in_no_longer(house: House, orders: Forge) -> None:
    token = orders.token()
    assert await house.code(token) == "ok"
    await house.remove("orders")
    await house.knowledge.look()
    assert await house.code(token) == "token_key_unknown"
    assert await rows_of(house.database, api_service_keys) == []


async def test_fewer_scopes_hold_for_tokens_that_were_let_in(house: House) -> None:
    forge = Forge("billing")
    await house.register(forge, "users:read", "users:write")
    token = forge.token(scope="users:read users:write")
    assert (await house.ask(token)).scopes == frozenset(["users:read", "users:write"])
    await house.remove("billing")
    await house.register(forge, "users:read")
    await house.knowledge.look()
    assert (await house.ask(token)).scopes == frozenset(["users:read"])


async def test_each_change_is_in_the_audit_with_who_made_it(house: House, orders: Forge) -> None:
    new = Forge("orders")
    await house.rotate(new)
    await house.remove("orders")
    rows = await rows_of(house.database, audit_log)
    assert [row["kind"] for row in rows] == ["service_added", "service_rotated", "service_removed"]
    assert all('"by": "a test"' in row["details"] for row in rows)
    assert orders.kid in rows[0]["details"]
    assert new.kid in rows[1]["details"]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda house, _: house.register(Forge("orders")), ServiceExists),
        (lambda house, orders: house.register(Forge("billing", orders.kid)), KeyTaken),
        (lambda house, orders: house.rotate(orders), KeyTaken),
        (lambda house, _: house.rotate(Forge("nobody")), ServiceUnknown),
        (lambda house, _: house.remove("nobody"), ServiceUnknown),
    ],
    ids=["twice", "another's key", "the same key", "nobody's", "nobody"],
)
async def test_what_cannot_be_is_said_and_changes_nothing(
    house: House,
    orders: Forge,
    act: Callable[[House, Forge], Awaitable[None]],
    error: type[InvalidInput],
) -> None:
    before = await house.registry.all()
    with pytest.raises(error):
        await act(house, orders)
    assert await house.registry.all() == before
    assert await house.code(orders.token()) == "ok"


async def test_no_request_is_refused_while_keys_are_rotated(house: House, orders: Forge) -> None:
    """Services' and our own, again and again, while both go on signing with what they have."""
    using, done, asked = [orders], asyncio.Event(), Counter[str]()

    async def as_a_service() -> None:
        while not done.is_set():
            assert await house.code(using[-1].token()) == "ok"
            asked["service"] += 1
            await asyncio.sleep(0)

    async def with_ours() -> None:
        while not done.is_set():
            token = issue(house.keys, "ana", ["admin"], timedelta(minutes=5))
            assert await house.code(token) == "ok"
            asked["ours"] += 1
            await asyncio.sleep(0)

    async def both_have_asked_since(before: Counter[str]) -> bool:
        return all(asked[who] > before[who] for who in ("service", "ours"))

    async with asyncio.TaskGroup() as group:
        group.create_task(as_a_service())
        group.create_task(with_ours())
        for _ in range(5):
            new, before = Forge("orders"), Counter(asked)
            await house.rotate(new)
            using.append(new)
            house.keys.rotate(clock.utc_now())
            await until(partial(both_have_asked_since, before))
        done.set()
