"""Two workers share what follows from a reaction; one is killed, and the other goes on."""

import asyncio
import signal

import pytest

from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.reader import Reader, readers
from tests.instances.fleet import Fleet
from tests.waiting import PATIENCE, wait_until

NAMES = ("Ada", "Blas", "Cora", "Dan", "Eva", "Fe", "Gil", "Hugo")
REWARDS = "subscribers of rewards"
REACTION = "r:letter:❤"
SHARE = 'yabot_partitions_owned{group="rewards"}'
# What is read when it has been decided that a reaction pays, and before the commit.
IN_THE_HANDLER = KillPoint("sql", "SELECT transactions.id", fate="wait")


@pytest.mark.criterion("2.3.1", "2.3.3", "3.1.5", "rel.3", "rel.4", "scale.3")
async def test_each_reaction_is_paid_once_whichever_worker_dies_behind_its_commit(
    fleet: Fleet, telegram: Program
) -> None:
    fleet.start(1)
    victim, _ = *fleet.workers, fleet.hire()
    await asyncio.to_thread(fleet.until_shared_by, 2, "rewards")
    (bot,) = fleet.bots
    for process, does, leaves in ((victim, REWARDS, "telegram"), (bot, "telegram", REWARDS)):
        components = await asyncio.to_thread(told_by, process)
        assert does in components
        assert leaves not in components
    # Whoever has a share says so once it has begun to work there.
    await asyncio.to_thread(wait_until, lambda: SHARE in victim.metrics())
    assert SHARE not in await asyncio.to_thread(bot.metrics)
    async with readers(telegram.url, *NAMES) as found:
        await asyncio.gather(*map(begin, found))
        await asyncio.to_thread(fleet.until_heard, "rewards")
        victim.arm(KillPoint("log", "unit.committed"))
        await asyncio.gather(*(reader.touch(REACTION) for reader in found))
        assert await asyncio.to_thread(victim.exit_code, PATIENCE) == -9
        await asyncio.to_thread(fleet.until_heard, "rewards")
        await asyncio.to_thread(fleet.settle, 3 * len(NAMES))
        assert paid(fleet) == {f"reaction:{reader.user_id}:letter": 0 for reader in found}
        assert balances(fleet) == {str(reader.user_id): 1 for reader in found}
        for reader in found:
            assert await times_told(reader) == 1
    assert fleet.stores.value("SELECT count(*) FROM dead_letters") == 0


@pytest.mark.criterion("2.3.4")
async def test_a_worker_that_is_told_to_stop_finishes_what_it_handles_and_hands_over(
    fleet: Fleet, telegram: Program
) -> None:
    fleet.start(1)
    (worker,) = fleet.workers
    async with readers(telegram.url, "Ada") as (reader,):
        await begin(reader)
        await asyncio.to_thread(fleet.until_heard, "rewards")
        worker.arm(IN_THE_HANDLER)
        await reader.touch(REACTION)
        await asyncio.to_thread(wait_until, lambda: KillPoint.is_waited_at(worker.kill_file))
        worker.signal(signal.SIGTERM)
        await asyncio.to_thread(wait_until, lambda: bool(worker.logged("yabot.stopping")))
        KillPoint.disarm(worker.kill_file)
        assert await asyncio.to_thread(worker.exit_code, PATIENCE) == 0
    # Another worker may have all at once, also what other services send.
    for group in ("rewards", "inbound"):
        assert has_handed_over(fleet, worker, group)
    # A slow machine may have kept it from that in time: then it says so.
    if not worker.logged("events.left_for_next_start"):
        assert paid(fleet) == {f"reaction:{reader.user_id}:letter": 0}
        assert place_behind_the_reaction(fleet, reader)


def has_handed_over(fleet: Fleet, worker: Program, group: str) -> bool:
    """Or says that SQL did not take it in time, as on a busy machine: then its leases run out."""
    kept = {line["group"] for line in worker.logged("leases.not_released")}
    return group in kept or set(fleet.owners(group)) == {None}


def place_behind_the_reaction(fleet: Fleet, reader: Reader) -> bool:
    """Whether the group's position is there: what it has handled, nobody handles again."""
    query = (
        "SELECT count(*) FROM outbox JOIN group_positions USING (partition)"
        " WHERE event_type = 'reaction_detected' AND user_id = ? AND name = 'rewards'"
        " AND group_positions.pos >= outbox.pos"
    )
    return bool(fleet.stores.value(query, str(reader.user_id)))


def told_by(process: Program) -> set[str]:
    """The components of its health."""
    process.wait_ready()
    return set(process.health("ready")[1]["components"])


async def begin(reader: Reader) -> None:
    await reader.ask("/start")
    await reader.ask("/story")


async def times_told(reader: Reader) -> int:
    return sum("1 besito" in message.get("text", "") for message in await reader.answers())


def paid(fleet: Fleet) -> dict[str, int]:
    """What was moved for reactions, by its key: the sum of both sides."""
    query = "SELECT transaction_id, sum(amount) AS total FROM postings GROUP BY transaction_id"
    return {row["transaction_id"]: int(row["total"]) for row in fleet.stores.rows(query)}


def balances(fleet: Fleet) -> dict[str, int]:
    query = "SELECT user_id, balance FROM accounts WHERE user_id IS NOT NULL"
    return {row["user_id"]: row["balance"] for row in fleet.stores.rows(query)}
