"""A week without Redis: a hundred thousand events wait in the outbox, and come in order."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.e2e.invariants import UNFINISHED
from tests.e2e.stores import PARTITIONS
from tests.outages.world import World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until
from yabot.clock import rfc3339, utc_now
from yabot.events.partition import partition_of

EVENTS = 100_000
USERS = 500
INSERT = (
    "INSERT INTO outbox (partition, pos, event_id, user_id, event_type, envelope, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def row(number: int, ends: dict[int, int]) -> tuple[str | int, ...]:
    """The ``number``-th event: its user's turn comes round every USERS events.

    ``ends`` holds each partition's last position, and is brought forward.
    """
    user, event_id, now = str(10_000 + number % USERS), f"week-{number:06}", rfc3339(utc_now())
    envelope: dict[str, Any] = {
        "event_id": event_id,
        "event_type": "user_interaction",
        "version": 1,
        "timestamp": now,
        "user_id": user,
        "sequence": number // USERS + 1,
        "correlation_id": f"update:1:{number}",
        "causation_id": f"update:1:{number}",
        "payload": {"action": "menu", "context": {}},
    }
    partition = partition_of(user, PARTITIONS)
    ends[partition] += 1
    place = partition, ends[partition]
    return *place, event_id, user, "user_interaction", json.dumps(envelope), now


def add_a_week(world: World) -> None:
    """As if it had been committed, in the order of the numbers."""
    with closing(sqlite3.connect(world.program.data / "yabot.db")) as connection, connection:
        ends = dict(connection.execute("SELECT partition, last_pos FROM partitions").fetchall())
        connection.executemany(INSERT, (row(number, ends) for number in range(EVENTS)))
        forward = "UPDATE partitions SET last_pos = ? WHERE partition = ?"
        connection.executemany(forward, ((pos, number) for number, pos in ends.items()))


def fewer(world: World, than: int) -> int:
    """How much still waits; it is a hang only where that does not become less."""

    def left() -> int:
        return sum(map(int, map(world.stores.value, UNFINISHED.values())))

    wait_until(lambda: left() < than)
    return left()


def in_order_and_complete(world: World) -> None:
    published = 0
    for number in range(PARTITIONS):
        events = [e for e in world.stores.partition(number) if e["event_id"].startswith("week-")]
        assert [e["event_id"] for e in events] == sorted({e["event_id"] for e in events})
        sequences: dict[str, int] = {}
        for event in events:
            assert event["sequence"] == sequences.get(event["user_id"], 0) + 1
            sequences[event["user_id"]] = event["sequence"]
        published += len(events)
    assert published == EVENTS


@pytest.mark.criterion("2.1.3")
async def test_a_week_of_events_survives_restarts_and_is_replayed_in_order(
    new_world: NewWorld,
) -> None:
    world = new_world(LOG_LEVEL="WARNING")
    world.lose("redis", "killed")
    world.program.start()
    assert world.program.stop() == 0
    add_a_week(world)
    world.program.start()
    assert world.program.health("ready")[1]["status"] == "degraded"
    world.program.kill9()
    world.program.start()

    await world.restore("redis")
    waiting = EVENTS
    while waiting:
        waiting = fewer(world, waiting)
    in_order_and_complete(world)
    assert world.program.stop() == 0
