"""❤️ with the selector that keyboards put behind it pays like ❤, whichever door it comes through."""

import json
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

import pytest

from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.reader import Reader, readers
from tests.features.rewards.chain import Chain
from tests.waiting import wait_until
from yabot.bus.inbound.stream import INBOUND
from yabot.clock import rfc3339, utc_now

Door = Callable[[Program, Reader, int], Awaitable[None]]
SELECTED = "❤\ufe0f"


async def by_update(_playing: Program, reader: Reader, page: int) -> None:
    about = {"chat": {"id": reader.user_id, "type": "private"}, "date": 1, "message_id": page}
    person = {"id": reader.user_id, "is_bot": False, "first_name": "Ana"}
    new = [{"type": "emoji", "emoji": SELECTED}]
    reaction = {**about, "user": person, "old_reaction": [], "new_reaction": new}
    await reader.client.deliver({"message_reaction": reaction})


async def by_another_service(playing: Program, reader: Reader, _page: int) -> None:
    payload = {"content_id": "letter", "reaction_type": SELECTED}
    write(playing, reader, "reaction_detected", payload)


def write(playing: Program, reader: Reader, event_type: str, payload: Mapping[str, object]) -> str:
    """As another service does; the event's id."""
    event = {
        "event_id": str(uuid4()),
        "event_type": event_type,
        "version": 1,
        "timestamp": rfc3339(utc_now()),
        "user_id": str(reader.user_id),
        "correlation_id": "elsewhere",
        "causation_id": str(uuid4()),
        "payload": payload,
    }
    playing.stores.redis.xadd(INBOUND, {"event": json.dumps(event)})
    return str(event["event_id"])


@pytest.mark.parametrize("door", [by_update, by_another_service])
async def test_it_pays(playing: Program, door: Door) -> None:
    async with readers(playing.url, "Ana", "Bea") as (ana, bea):
        for reader in (ana, bea):
            await Player(playing.stores, reader).begin()
        paid = Chain(playing.stores, bea)
        await bea.press("r:letter:❤", answers=0)
        wait_until(lambda: paid.rewards() == ["letter"])
        await door(playing, ana, await ana.find("r:letter:❤"))
        pays = Chain(playing.stores, ana)
        wait_until(lambda: pays.rewards() == ["letter"])
        wait_until(lambda: pays.balance() == paid.balance() > 0)
        (detected,) = pays.events("reaction_detected")
        assert detected["payload"] == {"content_id": "letter", "reaction_type": "❤"}


async def test_nobody_is_forgotten_because_another_service_says_so(playing: Program) -> None:
    """INBOUND_EVENT_TYPES does not name it; the program that all tests share knows two types."""
    async with readers(playing.url, "Ana") as (ana,):
        await Player(playing.stores, ana).begin()
        forged = write(playing, ana, "user_deleted", {"deletion_reason": "requested"})
        refused = "SELECT error FROM dead_letters WHERE event_id = ?"
        wait_until(lambda: playing.stores.value(refused, forged) is not None)
        assert "other services may not send user_deleted" in playing.stores.value(refused, forged)
        assert "user_deleted" not in {e["event_type"] for e in playing.stores.outbox(ana.user_id)}
