"""What a service does with the client, against the real API."""

import asyncio

import pytest

from tests.client.contract.world import World
from yabot.features.besitos.events import BesitosAwarded
from yabot_client import AsyncClient, Refused
from yabot_client.codes import (
    BesitosInsufficient,
    CursorInvalid,
    IdempotencyKeyReused,
    InvalidRequest,
    PreconditionFailed,
    UserUnknown,
)


async def test_a_change_with_a_key_takes_effect_once(world: World, yabot: AsyncClient) -> None:
    ana = world.ana
    asking = [
        yabot.award_besitos(ana.user_id, amount=5, reason="order", idempotency_key="order-7")
        for _ in range(5)
    ]
    first, *others = await asyncio.gather(*asking)
    assert first["transaction_id"] == "api:orders:order-7"
    assert others == [first] * 4
    assert len(await ana.events(BesitosAwarded)) == 1
    with pytest.raises(IdempotencyKeyReused):
        await yabot.award_besitos(ana.user_id, amount=6, reason="order", idempotency_key="order-7")


async def test_without_a_key_each_call_is_one_of_its_own(world: World, yabot: AsyncClient) -> None:
    for _ in range(2):
        await yabot.award_besitos(world.ana.user_id, amount=5, reason="order")
    assert (await yabot.get_user_besitos(world.ana.user_id)).value["balance"] == 10


async def test_what_has_changed_since_is_not_overwritten(world: World, yabot: AsyncClient) -> None:
    ana = world.ana.user_id
    read = await yabot.get_user_preferences(ana)
    changed = await yabot.put_user_preferences(
        ana, language=None, notifications_enabled=False, theme="dark", if_match=read.etag
    )
    assert changed.value["theme"] == "dark"
    with pytest.raises(PreconditionFailed):
        await yabot.put_user_preferences(
            ana, language="es", notifications_enabled=True, theme="light", if_match=read.etag
        )
    assert await yabot.get_user_preferences(ana) == changed


async def test_what_is_known_is_not_sent_again(world: World, yabot: AsyncClient) -> None:
    known = await yabot.get_user_profile(world.ana.user_id)
    assert await yabot.get_user_profile(world.ana.user_id, known=known) is known
    await yabot.put_user_profile(
        world.ana.user_id, first_name="Ana", last_name=None, username="ana_r", language_code=None
    )
    newer = await yabot.get_user_profile(world.ana.user_id, known=known)
    assert (newer.value["username"], newer.etag != known.etag) == ("ana_r", True)


async def test_all_users_are_gone_over_from_wherever_one_stopped(
    world: World, yabot: AsyncClient
) -> None:
    names = sorted(each.user_id for each in (world.ana, world.bob, world.leaver))
    users = yabot.iterate_users(limit=1)
    assert [user["user_id"] async for user in users] == names
    begun = yabot.iterate_users(limit=1)
    for name in names[:2]:
        assert (await anext(begun))["user_id"] == name
    rest = yabot.iterate_users(limit=1, after=begun.cursor)
    assert [user["user_id"] async for user in rest] == names[1:]
    with pytest.raises(CursorInvalid):
        await anext(yabot.iterate_users(after=begun.cursor, username="somebody"))


async def test_events_are_followed_as_they_come(world: World, yabot: AsyncClient) -> None:
    events = yabot.iterate_events(limit=2, event_type=["besitos_awarded"])
    assert [event async for event in events] == []
    for amount in (1, 2, 3):
        await yabot.award_besitos(world.ana.user_id, amount=amount, reason="order")
    more = yabot.iterate_events(limit=2, event_type=["besitos_awarded"], after=events.cursor)
    assert [event["payload"]["amount"] async for event in more] == [1, 2, 3]


async def test_a_refusal_says_what_it_is(world: World, yabot: AsyncClient) -> None:
    with pytest.raises(UserUnknown) as unknown:
        await yabot.get_user("4242")
    assert (unknown.value.status, unknown.value.code) == (404, "user_unknown")
    assert unknown.value.correlation_id
    with pytest.raises(BesitosInsufficient):
        await yabot.spend_besitos(world.ana.user_id, amount=1, reason="order")
    with pytest.raises(InvalidRequest) as invalid:
        await yabot.award_besitos(world.ana.user_id, amount=-1, reason="order")
    assert [each.pointer for each in invalid.value.errors] == ["/amount"]
    with pytest.raises(Refused):
        await yabot.award_besitos(world.ana.user_id, amount=1, reason="two words")
