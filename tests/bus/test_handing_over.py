"""Two processes share a group: what one cannot finish keeps nobody else's events waiting."""

from typing import Any

import pytest
from redis.asyncio import Redis

from tests.bus.process import Poked, Process, effects, letters, poke, settled, toy
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import until
from yabot.errors import StoreUnavailable
from yabot.events.partition import partition_of
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event


def one_of_each_partition(first_id: int) -> list[str]:
    found: dict[int, str] = {}
    for user_id in range(first_id, first_id + 100):
        found.setdefault(partition_of(f"{user_id}", PARTITIONS), f"{user_id}")
    assert len(found) == PARTITIONS
    return list(found.values())


STUCK, FREE = one_of_each_partition(100), one_of_each_partition(200)


@pytest.mark.criterion("2.3.3", "scale.3")
async def test_an_event_that_waits_for_its_store_holds_up_no_hand_over(
    new_postgres: NewDatabase, redis: Redis
) -> None:
    away = True

    async def need_a_store(event: Event[Poked], _work: UnitOfWork) -> None:
        if event.payload.word == "stuck" and away:
            raise StoreUnavailable("MongoDB", "it is away")

    async def is_shared() -> bool:
        halves = [len(each.groups["test"].partitions) for each in (one, two)]
        return halves == [PARTITIONS / 2] * 2

    async def all_free_ones_are_done() -> bool:
        return await effects(one.database) == {user: ["free"] for user in FREE}

    groups: Any = {"test": [toy(need_a_store)]}
    one, two = Process(new_postgres(), redis, groups), Process(new_postgres(), redis, groups)
    await one.start()
    for user in STUCK:
        await poke(one.commits, user, "stuck", "behind")
    await two.start()
    await until(is_shared)
    for user in FREE:
        await poke(one.commits, user, "free")
    await until(all_free_ones_are_done)
    away = False
    await until(lambda: settled(one.database))
    waited = {user: ["stuck", "behind"] for user in STUCK}
    assert await effects(one.database) == waited | {user: ["free"] for user in FREE}
    assert await letters(one.database) == []
    await one.stop()
    await two.stop()
