"""However causes on one user interleave, it is as if they had come one after another."""

import asyncio
import json
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.features.users.storage.interleaving import (
    STORY,
    USER,
    Arrival,
    Model,
    arrivals,
    as_reader,
    assert_whole,
    perform,
)
from tests.features.users.storage.world import World, new_world
from tests.log.following import following, nothing_waits, versions
from tests.storage.dumps import Rows, events_of, rows_of
from tests.storage.fixtures import fresh_copy
from tests.tiers import examples
from tests.waiting import until
from yabot.features.narrative.library import Library
from yabot.log.tables import receipts, user_counters
from yabot.runtime.ending import end
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


@pytest.fixture
async def told_story(documents: DocumentStore) -> DocumentStore:
    await Library(documents).replace(STORY)
    return documents


async def arrive(world: World, cause_id: str, arrival: Arrival, delay: int) -> bool:
    """Whether this copy was the one that took effect."""
    for _ in range(delay):
        await asyncio.sleep(0)
    committed = await world.decide(cause_id, lambda work: perform(world, work, arrival.action))
    return not committed.duplicate


async def keep_reading(world: World) -> None:
    """Whatever is read at any time is a whole, and never older than what was read before."""
    newest = 0
    while True:
        found = await world.users.get(USER)
        if found is not None:
            assert_whole(*found)
            assert found[1].version >= newest
            newest = found[1].version
        await asyncio.sleep(0.001)


async def run(worlds: Sequence[World], plan: Sequence[Arrival]) -> None:
    """Every copy of every cause at once, spread over the processes."""
    readers = [asyncio.create_task(keep_reading(world)) for world in worlds]
    process = cycle(worlds)
    outcomes = await asyncio.gather(
        *(
            arrive(next(process), f"cause {n}", arrival, arrival.delay + 2 * copy)
            for n, arrival in enumerate(plan)
            for copy in range(arrival.copies)
        )
    )
    assert sum(outcomes) == len(plan)
    await end(readers)
    assert all(reader.cancelled() for reader in readers)


def replay(rows: Rows, plan: Sequence[Arrival]) -> Model:
    """The user's events give the order; each cause's must stand together."""
    model, told = Model(), [json.loads(row["envelope"]) for row in rows]
    assert [event["sequence"] for event in told] == list(range(1, len(told) + 1))
    causes = list(dict.fromkeys(event["causation_id"] for event in told))
    assert [event["causation_id"] for event in told] == [
        event["causation_id"]
        for cause in causes
        for event in told
        if event["causation_id"] == cause
    ]
    for cause in causes:
        names = [
            event["payload"].get("action", event["event_type"])
            for event in told
            if event["causation_id"] == cause
        ]
        model.follow(plan[int(cause.removeprefix("cause "))].action, names)
    return model


async def assert_as(model: Model, database: Database, world: World) -> None:
    found = await world.users.get(USER)
    assert (found is None) == (model.reader is None)
    if found is not None:
        assert as_reader(found[1]) == model.reader
        assert found[1].version == model.version
    counters = await rows_of(database, user_counters)
    assert [row["state_version"] for row in counters] == ([model.version] if counters else [])


@settings(max_examples=examples(40))
@given(plan=arrivals)
async def test_any_interleaving_equals_some_order(
    migrated_sqlite: Path, told_story: DocumentStore, plan: list[Arrival]
) -> None:
    async with fresh_copy(migrated_sqlite) as database:
        await told_story["users"].delete_many({})
        worlds = [new_world(database, told_story) for _ in range(2)]
        async with following(worlds[0].services.commits, told_story) as follower:
            worlds[1].services.commits.followers.append(follower.notice)
            await run(worlds, plan)
            await until(nothing_waits(database))
        rows = await events_of(database, USER)
        model = replay(rows, plan)
        assert len(await rows_of(database, receipts)) == len(plan)
        expected = {} if model.reader is None else {USER: model.version}
        assert await versions(told_story) == expected
        for world in (*worlds, new_world(database, told_story)):
            await assert_as(model, database, world)
