"""However many write at once, balances are exact, nobody is in debt, and nobody waits in a ring."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import accumulate, permutations
from random import Random

import pytest
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext

from tests.features.besitos.ledger import Ledger
from tests.log.units import unit
from yabot.features.besitos.audit import audit_ledger
from yabot.log.unit_of_work import UnitOfWork

READERS = ("1", "2", "3", "4")
BEGINNING = 30


@pytest.fixture
async def everybody(ledger: Ledger) -> Ledger:
    await ledger.join(*READERS)
    for reader in READERS:
        await ledger.award(reader, BEGINNING)
    return ledger


@pytest.fixture
def deadlocks(ledger: Ledger) -> list[str]:
    """Those that PostgreSQL has had to break up."""
    found: list[str] = []

    def look(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == "40P01":
            found.append(str(context.original_exception))

    event.listen(ledger.database.engine, "handle_error", look)
    return found


@pytest.mark.criterion("3.1.3")
async def test_many_movements_at_once_are_exact(everybody: Ledger, deadlocks: list[str]) -> None:
    random = Random(7)
    expected = Counter(dict.fromkeys(READERS, BEGINNING))

    async def transfer() -> None:
        sender, recipient = random.sample(READERS, 2)
        amount = random.randint(1, 25)
        if await everybody.transfer(sender, recipient, amount) == "transferred":
            expected.update({sender: -amount, recipient: amount})

    async def award() -> None:
        reader, amount = random.choice(READERS), random.randint(1, 9)
        assert await everybody.award(reader, amount) == "awarded"
        expected[reader] += amount

    async def spend() -> None:
        reader, amount = random.choice(READERS), random.randint(1, 25)
        if await everybody.spend(reader, amount) == "spent":
            expected[reader] -= amount

    moves: list[Callable[[], Awaitable[None]]] = [transfer, transfer, award, spend]
    await asyncio.gather(*(random.choice(moves)() for _ in range(60)))
    balances = {reader: await everybody.besitos.balance(reader) for reader in READERS}
    assert balances == dict(expected)
    assert min(balances.values()) >= 0
    assert await audit_ledger(everybody.database) == []
    assert deadlocks == []


@pytest.mark.standard
@pytest.mark.criterion("3.1.3")
async def test_units_that_name_the_same_readers_in_any_order_do_not_lock_each_other_out(
    everybody: Ledger, deadlocks: list[str]
) -> None:
    async def award_all(order: tuple[str, ...], number: int) -> None:
        async def decide(work: UnitOfWork) -> None:
            for reader in order:
                key = f"{number}:{reader}"
                awarded = await everybody.besitos.award(
                    work, reader, 1, reason="reaction", source="rewards", key=key
                )
                assert awarded == "awarded"

        await everybody.commit(decide)

    orders = list(permutations(READERS))
    await asyncio.gather(*(award_all(order, number) for number, order in enumerate(orders)))
    for reader in READERS:
        assert await everybody.besitos.balance(reader) == BEGINNING + len(orders)
        after = [balance for _, _, balance in await everybody.moved(reader)]
        assert after == [BEGINNING, *range(BEGINNING + 1, BEGINNING + len(orders) + 1)]
    assert await audit_ledger(everybody.database) == []
    assert deadlocks == []


@pytest.mark.criterion("3.1.3")
async def test_the_last_besitos_are_given_away_once(everybody: Ledger) -> None:
    """Ten want all that one reader has."""
    outcomes = await asyncio.gather(
        *(everybody.spend("1", BEGINNING) for _ in range(5)),
        *(everybody.transfer("1", "2", BEGINNING) for _ in range(5)),
    )
    assert Counter(outcomes)["insufficient"] == 9
    assert await everybody.besitos.balance("1") == 0


@pytest.mark.criterion("3.1.3")
async def test_gifts_at_once_to_one_reader_are_decided_once(ledger: Ledger) -> None:
    """All are decided before the first of them is committed."""
    givers = [str(number) for number in range(10, 18)]
    await ledger.join("1", *givers)
    for reader in ("1", *givers):
        await ledger.award(reader, 9)
    gifts = []
    for giver in givers:
        work = unit(f"gift of {giver}")
        for amount in (2, 3):
            key = f"gift:{giver}:{amount}"
            assert await ledger.besitos.transfer(work, giver, "1", amount, key=key) == "transferred"
        gifts.append(work)
    await asyncio.gather(*map(ledger.world.services.commits.commit, gifts))
    assert await ledger.besitos.balance("1") == 9 + 5 * len(givers)
    amounts = [amount for _, amount, _ in await ledger.moved("1")]
    assert amounts == [9, *[2, 3] * len(givers)]
    assert [after for _, _, after in await ledger.moved("1")] == list(accumulate(amounts))
    assert await audit_ledger(ledger.database) == []


async def test_two_processes_share_the_ledger(rivals: tuple[Ledger, Ledger]) -> None:
    await rivals[0].join("1", "2")
    await asyncio.gather(*(ledger.award("1", 20) for ledger in rivals))
    there = (rivals[n % 2].transfer("1", "2", 1) for n in range(20))
    back = (rivals[n % 2].transfer("2", "1", 1) for n in range(20))
    outcomes = [*await asyncio.gather(*there), *await asyncio.gather(*back)]
    assert Counter(outcomes) == {"transferred": 40}
    for ledger in rivals:
        assert await ledger.besitos.balance("1") == 40
        assert await audit_ledger(ledger.database) == []
