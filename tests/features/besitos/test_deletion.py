"""Who is forgotten leaves no besitos behind, and who comes back starts from nothing."""

import asyncio
import threading
from functools import partial

import pytest
from sqlalchemy import Connection, text

from tests.features.besitos.ledger import Ledger
from tests.log.units import unit
from tests.storage.dumps import rows_of
from tests.waiting import until
from yabot.errors import GuardFailed
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.tables import accounts, transactions
from yabot.log.commit_log import Committed
from yabot.log.unit_of_work import UnitOfWork

NOBODYS = {"user_id": None, "balance": 0, "earned": 0}


@pytest.mark.criterion("1.3.5", "3.1.3")
async def test_the_balance_moves_to_the_account_of_the_closed(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    await ledger.award("7", 5)
    await ledger.transfer("7", "8", 2)
    await ledger.leave("7")
    assert await ledger.sums() == {"user:7": 0, "user:8": 2, "system:rewards": -5, "closed": 3}
    rows = {row["id"]: row for row in await rows_of(ledger.database, accounts)}
    assert NOBODYS.items() <= rows["user:7"].items()
    assert await audit_ledger(ledger.database) == []


async def test_who_comes_back_starts_from_nothing(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    await ledger.award("7", 5, key="once")
    await ledger.leave("7")
    await ledger.join("7")
    empty = {"besitos": {"balance": 0, "earned": 0, "movements": []}}
    assert await ledger.besitos.export("7") == empty
    assert await ledger.award("7", 5, key="once") == "repeated"
    await ledger.award("7", 2)
    assert await ledger.besitos.balance("7") == 2
    assert await ledger.besitos.earned("7") == 2
    found = await ledger.besitos.overview("7")
    assert [each.amount for each in found.movements] == [2]
    await ledger.leave("7")
    assert (await ledger.sums())["closed"] == 7
    assert await audit_ledger(ledger.database) == []


async def test_an_empty_account_is_closed_without_a_movement(ledger: Ledger) -> None:
    await ledger.join("7")
    await ledger.award("7", 5)
    await ledger.spend("7", 5)
    await ledger.leave("7")
    kinds = {row["kind"] for row in await rows_of(ledger.database, transactions)}
    assert kinds == {"award", "spend"}
    await ledger.join("7")
    assert (await ledger.besitos.overview("7")).movements == []


async def test_of_one_who_never_had_besitos_nothing_stays(ledger: Ledger) -> None:
    await ledger.join("7")
    await ledger.leave("7")
    assert "user:7" not in [row["id"] for row in await rows_of(ledger.database, accounts)]


async def test_the_data_of_a_reader_are_balance_and_movements(ledger: Ledger) -> None:
    await ledger.join("7")
    await ledger.award("7", 5)
    await ledger.spend("7", 2)
    exported = (await ledger.besitos.export("7"))["besitos"]
    assert exported["balance"] == 3
    assert [(each["amount"], each["reason"]) for each in exported["movements"]] == [
        (-2, "purchase"),
        (5, "reaction"),
    ]
    assert all("T" in each["created_at"] for each in exported["movements"])


@pytest.mark.parametrize("had_besitos", [True, False])
@pytest.mark.parametrize("came_back", [True, False])
async def test_what_was_decided_before_the_deletion_comes_too_late(
    ledger: Ledger, had_besitos: bool, came_back: bool
) -> None:
    await ledger.join("7")
    if had_besitos:
        await ledger.award("7", 5)
    late = unit("late")
    besitos = ledger.besitos
    await besitos.award(late, "7", 5, reason="reaction", source="rewards", key="late")
    await ledger.leave("7")
    if came_back:
        await ledger.join("7")
        await ledger.award("7", 1)
    with pytest.raises(GuardFailed):
        await ledger.world.services.commits.commit(late)
    assert await besitos.balance("7") == (1 if came_back else 0)
    assert await audit_ledger(ledger.database) == []


@pytest.mark.criterion("3.1.3")
async def test_gifts_to_one_who_is_leaving_arrive_or_stay(ledger: Ledger) -> None:
    """Each gift either reached the account before it was closed, or never left the giver."""
    givers = [str(number) for number in range(10, 16)]
    await ledger.join("7", *givers)
    await asyncio.gather(*(ledger.award(giver, 9) for giver in givers))
    outcomes = await asyncio.gather(
        *(ledger.transfer(giver, "7", 1) for giver in givers),
        ledger.leave("7"),
        *(ledger.transfer(giver, "7", 1) for giver in givers),
    )
    given = outcomes.count("transferred")
    assert given + outcomes.count("unknown_recipient") == 2 * len(givers)
    left = [await ledger.besitos.balance(giver) for giver in givers]
    assert sum(left) == 9 * len(givers) - given
    assert (await ledger.sums()).get("closed", 0) == given
    assert await audit_ledger(ledger.database) == []


@pytest.mark.parametrize("first", ["award", "deletion"])
async def test_a_first_award_and_a_deletion_wait_for_each_other(
    rivals: tuple[Ledger, Ledger], first: str
) -> None:
    """Of several writers, whichever comes second finds what the first has done."""
    ledger, other = rivals
    await ledger.join("7")
    award, deletion = unit("award"), unit("deletion")
    await ledger.besitos.award(award, "7", 5, reason="reaction", source="rewards", key="award")
    other.world.users.delete(deletion, await other.world.known("7"), "requested_by_user")

    units = (award, deletion) if first == "award" else (deletion, award)
    ended = await one_inside_the_other(ledger, other, *units)
    if first == "award":
        assert isinstance(ended, Committed)
        assert await ledger.sums() == {"user:7": 0, "system:rewards": -5, "closed": 5}
    else:
        assert isinstance(ended, GuardFailed)
        assert await ledger.sums() == {}
    assert await audit_ledger(ledger.database) == []


async def test_an_award_to_who_has_come_back_and_a_deletion_wait_in_no_ring(
    rivals: tuple[Ledger, Ledger],
) -> None:
    """PostgreSQL would end one of them after a second, and it would be done again."""
    ledger, other = rivals
    await ledger.join("7")
    await ledger.award("7", 1)
    await ledger.leave("7")
    await ledger.join("7")
    award, deletion = unit("award"), unit("deletion")
    await other.besitos.award(award, "7", 5, reason="reaction", source="rewards", key="award")
    ledger.world.users.delete(deletion, await ledger.world.known("7"), "requested_by_user")
    attempts: list[Connection] = []
    for each in (award, deletion):
        each.statements.insert(0, attempts.append)

    # The user is held, and the account is next.
    ended = await one_inside_the_other(ledger, other, deletion, award, at=2)
    assert isinstance(ended, GuardFailed)
    assert len(attempts) == 2
    assert await audit_ledger(ledger.database) == []


async def one_inside_the_other(
    ledger: Ledger, other: Ledger, long: UnitOfWork, short: UnitOfWork, at: int | None = None
) -> Committed | BaseException:
    """Commit ``short`` while ``long``, all done, is about to commit: how ``short`` ended.

    Or while ``long`` has only done its first ``at`` statements.
    """
    is_done, may_end = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        is_done.set()
        assert may_end.wait(10)

    long.statements.insert(len(long.statements) if at is None else at, hold)
    first = asyncio.create_task(ledger.world.services.commits.commit(long))
    await asyncio.to_thread(is_done.wait, 10)
    second = asyncio.create_task(other.world.services.commits.commit(short))
    await until(partial(_somebody_waits, other))
    may_end.set()
    await first
    return (await asyncio.gather(second, return_exceptions=True))[0]


async def _somebody_waits(ledger: Ledger) -> bool:
    query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return bool(await ledger.database.read(lambda connection: connection.execute(query).scalar()))
