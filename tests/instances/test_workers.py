"""Two workers share what follows from a reaction; one is killed, and the other goes on."""

import asyncio

import pytest

from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.reader import Reader, readers
from tests.instances.fleet import Fleet
from tests.waiting import PATIENCE

NAMES = ("Ada", "Blas", "Cora", "Dan", "Eva", "Fe", "Gil", "Hugo")
REWARDS = "subscribers of rewards"
REACTION = "r:letter:❤"


@pytest.mark.criterion("2.3.1", "2.3.3", "3.1.5", "rel.3", "rel.4", "scale.3")
async def test_each_reaction_is_paid_once_whichever_worker_dies_behind_its_commit(
    fleet: Fleet, telegram: Program
) -> None:
    fleet.start(1)
    victim, _ = *fleet.workers, fleet.hire()
    await asyncio.to_thread(fleet.until_shared_by, 2, "rewards")
    (bot,) = fleet.bots
    for process, does, leaves in ((victim, REWARDS, "telegram"), (bot, "telegram", REWARDS)):
        components, figures = await asyncio.to_thread(told_by, process)
        assert does in components
        assert leaves not in components
        assert ('yabot_partitions_owned{group="rewards"}' in figures) is (does == REWARDS)
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


def told_by(process: Program) -> tuple[set[str], str]:
    """The components of its health, and its metrics."""
    process.wait_ready()
    return set(process.health("ready")[1]["components"]), process.metrics()


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
