"""When events die by the dozen, the group stops, says so once, and everybody else goes on."""

from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.bus.looking import positions_of
from tests.bus.process import Calls, Poked, Process, effects, letters, poke, settled, toy
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import until
from yabot.bus.groups.overview import SubscriberGroups
from yabot.bus.groups.positions import log_ends
from yabot.bus.groups.switch import GroupStopped
from yabot.cli.operators import Operator
from yabot.errors import TerminalError
from yabot.events.envelope import Envelope
from yabot.log.tables import outbox
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.health import Health
from yabot.observability.metrics import REGISTRY
from yabot.storage.relational.database import Database
from yabot.subscriber import Event


async def refuse_poison(event: Event[Poked], work: UnitOfWork) -> None:
    if event.payload.word.startswith("poison"):
        raise TerminalError("it is poison")


def some_poison(of: Sequence[bool], events: int) -> list[str]:
    """Words in the rhythm of ``of``: True is poison."""
    return [f"{'poison' if of[n % len(of)] else 'good'} {n}" for n in range(events)]


async def told(database: Database) -> list[dict[str, Any]]:
    """What was published of groups that have stopped."""
    rows = await rows_of(database, outbox)
    return [
        Envelope.model_validate_json(row["envelope"]).payload
        for row in rows
        if row["event_type"] == "subscribers_stopped"
    ]


async def reason_of(process: Process, group: str) -> str:
    """Why it stands still, as its looks say."""
    with pytest.raises(GroupStopped) as stopped:
        await process.groups[group].run_once()
    return str(stopped.value)


async def let_go_on(database: Database, group: str) -> None:
    """As an operator does, beside whatever works there."""

    async def decide(work: UnitOfWork) -> None:
        await SubscriberGroups(database).go_on(work, group, by="ana")

    await Operator(database, PARTITIONS).decide(decide)


@pytest.mark.criterion("2.3.2", "2.3.3")
async def test_twenty_of_the_last_hundred_stop_the_group_and_no_other(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    groups = {"weak": [toy(refuse_poison, name="weak")], "strong": [toy(name="strong")]}
    process = Process(new_database(), redis, groups)
    health = Health()
    health.started = True
    loop = process.groups["weak"].loop
    looks: list[str | None] = []

    def look(reason: str | None) -> None:
        looks.append(reason)
        health.report("weak", "degraded" if reason else "ok", reason)

    loop.on_trouble = look
    await process.start()
    words = some_poison([True, False, False, False, True, False, False, False, False], 120)
    await poke(process.commits, "7", *words)

    async def stopped() -> bool:
        return health.status == "degraded"

    await until(stopped)
    await until(lambda: settled(process.database, "strong"))
    assert await effects(process.database, "strong") == {"7": words}
    assert len(await letters(process.database)) == 20
    reason = health.components["weak"].reason
    assert reason is not None
    assert reason.startswith("20 of the last hundred events of 'weak' became dead letters")
    assert "yabot dlq list" in reason

    # It stays so, whatever comes, and says so once.
    await poke(process.commits, "8", "more")
    await until(lambda: settled(process.database, "strong"))
    before = len(looks)

    async def has_looked_again() -> bool:
        return len(looks) >= before + 3

    await until(has_looked_again)
    assert await told(process.database) == [{"group": "weak", "dead_letters": 20}]
    behind = REGISTRY.get_sample_value("yabot_group_lag_events", {"group": "weak"})
    ends = await process.database.read(log_ends)
    await process.database.flush()
    places = await process.database.read(positions_of("weak"))
    assert behind == sum(ends.values()) - sum(places.values()) > 1
    assert "8" not in await effects(process.database, "weak")
    await process.stop()

    # What has been mended meanwhile goes on where it stopped, when an operator says so.
    process = Process(new_database(), redis, {"weak": [toy(calls.note, name="weak")]})
    await process.start()
    assert await reason_of(process, "weak") == reason
    assert not calls
    await let_go_on(process.database, "weak")
    await until(lambda: settled(process.database, "weak"))
    done = (await effects(process.database, "weak"))["7"]
    dead = {
        Envelope.model_validate_json(row["envelope"]).payload["word"]
        for row in await letters(process.database)
    }
    await process.stop()
    assert done == [word for word in words if word not in dead]
    assert set(calls.values()) == {1}


async def test_fewer_than_twenty_of_a_hundred_never_stop_it(
    new_database: NewDatabase, redis: Redis
) -> None:
    process = Process(new_database(), redis, {"test": [toy(refuse_poison)]})
    await process.start()
    words = some_poison([True, False, False, False, False, False], 240)
    await poke(process.commits, "7", *words)
    await until(lambda: settled(process.database))
    assert len(await letters(process.database)) == 40
    assert await told(process.database) == []
    await process.stop()


async def test_a_group_that_goes_on_where_it_stopped_handles_each_event_once(
    new_database: NewDatabase, redis: Redis
) -> None:
    """In the process in which it stopped, with events of many users taken on and left."""
    calls, is_mended = Calls(), False

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if not is_mended:
            await refuse_poison(event, work)

    process = Process(new_database(), redis, {"test": [toy(handle)]})
    await process.start()
    for user in "123456":
        await poke(process.commits, user, *(f"poison {user}-{n}" for n in range(10)))

    async def has_stopped() -> bool:
        return await told(process.database) != []

    async def has_noted_all() -> bool:
        """Those of other users had begun when it stopped."""
        return len(await letters(process.database)) == sum(calls.values())

    await until(has_stopped)
    await until(has_noted_all)
    await poke(process.commits, "7", "after")
    is_mended = True
    before = {row["event_id"] for row in await letters(process.database)}
    assert len(before) >= 20
    await let_go_on(process.database, "test")
    await until(lambda: settled(process.database))
    # None died after that, and none that had died was tried again.
    assert {row["event_id"] for row in await letters(process.database)} == before
    done = await effects(process.database)
    assert done["7"] == ["after"]
    assert sum(map(len, done.values())) == 61 - len(before)
    assert set(calls.values()) == {1}
    await process.stop()


async def test_a_group_that_stops_again_says_so_again(
    new_database: NewDatabase, redis: Redis
) -> None:
    process = Process(new_database(), redis, {"test": [toy(refuse_poison)]})
    await process.start()
    for n in (1, 2):
        await poke(process.commits, "7", *(f"poison {n}-{each}" for each in range(25)))

        async def has_stopped(times: int = n) -> bool:
            return len(await told(process.database)) == times

        await until(has_stopped)
        assert len(await letters(process.database)) == 20 * n
        await let_go_on(process.database, "test")
    await until(lambda: settled(process.database))
    await process.stop()


async def test_a_group_stops_and_goes_on_in_all_processes(
    new_database: NewDatabase, redis: Redis
) -> None:
    """On SQLite the second takes over from the first; on PostgreSQL they share the partitions."""
    first = Process(new_database(), redis, {"test": [toy(refuse_poison)]})
    second = Process(new_database(), redis, {"test": [toy(refuse_poison)]})
    await first.start()
    await second.database.open()
    await poke(first.commits, "7", *(f"poison {n}" for n in range(25)))

    async def has_stopped() -> bool:
        return await told(first.database) != []

    await until(has_stopped)
    reason = await reason_of(first, "test")
    assert await reason_of(second, "test") == reason
    await let_go_on(second.database, "test")
    await second.groups["test"].run_once()
    await until(lambda: settled(first.database))
    await second.database.close()
    await first.stop()
