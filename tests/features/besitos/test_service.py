"""What each movement of besitos does, and when it does nothing."""

import asyncio
from collections.abc import Callable

import pytest

from tests.features.besitos.ledger import Ledger, reader
from tests.log.units import unit
from tests.storage.dumps import dump, rows_of
from yabot.errors import GuardFailed, InvalidInput
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.model import MAX_AMOUNT
from yabot.features.besitos.tables import accounts, transactions
from yabot.log.unit_of_work import UnitOfWork


@pytest.mark.criterion("3.1.3")
async def test_an_award_has_two_sides(ledger: Ledger) -> None:
    await ledger.join("7")
    assert await ledger.award("7", 5, key="reaction:7:gate") == "awarded"
    assert await ledger.sums() == {"user:7": 5, "system:rewards": -5}
    assert await ledger.besitos.balance("7") == 5
    assert await ledger.moved("7") == [("besitos_awarded", 5, 5)]
    (row,) = await rows_of(ledger.database, transactions)
    assert (row["id"], row["kind"], row["reason"], row["source"]) == (
        "reaction:7:gate",
        "award",
        "reaction",
        "rewards",
    )
    assert row["cause_id"].startswith("cause ")


async def test_what_is_spent_goes_to_the_shop(ledger: Ledger) -> None:
    await ledger.join("7")
    await ledger.award("7", 5)
    assert await ledger.spend("7", 3) == "spent"
    assert await ledger.sums() == {"user:7": 2, "system:rewards": -5, "system:shop": 3}
    assert (await ledger.moved("7"))[-1] == ("besitos_spent", 3, 2)


async def test_migrated_besitos_come_from_an_account_of_their_own(ledger: Ledger) -> None:
    await ledger.join("7")
    await ledger.award("7", 40, source="migration")
    assert await ledger.sums() == {"user:7": 40, "system:migration": -40}


@pytest.mark.criterion("3.1.3")
async def test_a_transfer_is_told_to_both(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    await ledger.award("7", 5)
    assert await ledger.transfer("7", "8", 2) == "transferred"
    assert await ledger.besitos.balance("7") == 3
    assert await ledger.besitos.balance("8") == 2
    assert (await ledger.moved("7"))[-1] == ("besitos_spent", 2, 3)
    assert await ledger.moved("8") == [("besitos_awarded", 2, 2)]


async def test_earnings_are_what_was_awarded_not_what_is_left_or_was_given(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    await ledger.award("7", 5)
    await ledger.award("7", 6)
    await ledger.spend("7", 4)
    await ledger.transfer("7", "8", 3)
    assert await ledger.besitos.earned("7") == 11
    assert await ledger.besitos.earned("8") == 0


@pytest.mark.criterion("3.1.3")
async def test_nobody_gives_what_they_do_not_have(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    await ledger.award("7", 5)
    before = await ledger.sums()
    assert await ledger.spend("7", 6) == "insufficient"
    assert await ledger.transfer("7", "8", 6) == "insufficient"
    assert await ledger.spend("8", 1) == "insufficient"
    assert await ledger.sums() == before
    assert await ledger.moved("8") == []


@pytest.mark.criterion("3.1.3")
async def test_the_same_key_moves_besitos_once(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    await ledger.award("7", 5, key="once")
    before = await ledger.sums()
    assert await ledger.award("7", 5, key="once") == "repeated"
    assert await ledger.spend("7", 5, key="once") == "repeated"
    assert await ledger.transfer("7", "8", 5, key="once") == "repeated"
    assert await ledger.sums() == before
    assert await ledger.moved("7") == [("besitos_awarded", 5, 5)]


@pytest.mark.criterion("3.1.3")
async def test_five_at_once_with_the_same_key_move_besitos_once(ledger: Ledger) -> None:
    await ledger.join("7")
    awarded = await asyncio.gather(*(ledger.award("7", 5, key="once") for _ in range(5)))
    assert sorted(awarded) == ["awarded", *["repeated"] * 4]
    assert await ledger.besitos.balance("7") == 5
    assert await ledger.moved("7") == [("besitos_awarded", 5, 5)]


async def test_several_movements_of_one_unit_know_of_each_other(ledger: Ledger) -> None:
    await ledger.join("7", "8")

    async def decide(work: UnitOfWork) -> list[object]:
        besitos = ledger.besitos
        return [
            await besitos.award(work, "7", 5, reason="reaction", source="rewards", key="a"),
            await besitos.award(work, "7", 6, reason="reaction", source="rewards", key="b"),
            await besitos.award(work, "7", 6, reason="reaction", source="rewards", key="b"),
            await besitos.spend(work, "7", 12, reason="purchase", source="shop", key="c"),
            await besitos.spend(work, "7", 10, reason="purchase", source="shop", key="d"),
            await besitos.transfer(work, "7", "8", 1, key="e"),
            await besitos.transfer(work, "8", "7", 1, key="f"),
        ]

    assert await ledger.commit(decide) == [
        "awarded",
        "awarded",
        "repeated",
        "insufficient",
        "spent",
        "transferred",
        "transferred",
    ]
    assert await ledger.moved("7") == [
        ("besitos_awarded", 5, 5),
        ("besitos_awarded", 6, 11),
        ("besitos_spent", 10, 1),
        ("besitos_spent", 1, 0),
        ("besitos_awarded", 1, 1),
    ]
    assert await ledger.besitos.balance("7") == 1
    assert await ledger.besitos.balance("8") == 0
    assert await audit_ledger(ledger.database) == []


async def test_who_is_registered_by_the_same_unit_can_be_given_besitos(ledger: Ledger) -> None:
    await ledger.join("8")
    await ledger.award("8", 5)

    async def decide(work: UnitOfWork) -> None:
        besitos, users = ledger.besitos, ledger.world.users
        await besitos.award(work, "8", 1, reason="welcome", source="rewards", key="a")
        await users.meet(work, reader("7"))
        await besitos.award(work, "7", 5, reason="welcome", source="rewards", key="b")

    await ledger.commit(decide)
    assert await ledger.besitos.balance("7") == 5


async def test_who_is_no_reader_has_no_account(ledger: Ledger) -> None:
    await ledger.join("7")
    await ledger.award("7", 5)
    assert await ledger.award("9", 5) == "unknown_reader"
    assert await ledger.spend("9", 1) == "unknown_reader"
    assert await ledger.transfer("9", "7", 1) == "unknown_sender"
    assert await ledger.transfer("7", "9", 1) == "unknown_recipient"
    # Who cannot pay learns nothing of them.
    assert await ledger.transfer("7", "9", 6) == "insufficient"
    assert await ledger.besitos.balance("9") == 0
    assert await ledger.besitos.earned("9") == 0
    assert [row["id"] for row in await rows_of(ledger.database, accounts)] == [
        "closed",
        "system:migration",
        "system:rewards",
        "system:shop",
        "user:7",
    ]


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1, True, 1.5])
async def test_what_is_no_amount_is_refused(ledger: Ledger, amount: int) -> None:
    moves: list[Callable[[], object]] = [
        lambda: ledger.award("7", amount),
        lambda: ledger.spend("7", amount),
        lambda: ledger.transfer("7", "8", amount),
    ]
    for move in moves:
        with pytest.raises(InvalidInput, match="no amount of besitos; give a whole number from 1"):
            await move()  # type: ignore[misc]


async def test_nobody_gives_to_themselves(ledger: Ledger) -> None:
    await ledger.join("7")
    await ledger.award("7", 5)
    with pytest.raises(InvalidInput, match="cannot give besitos to themselves"):
        await ledger.transfer("7", "7", 1)


async def test_movements_come_newest_first_and_signed(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    await ledger.award("7", 5, key="a")
    await ledger.spend("7", 2, key="b")
    await ledger.transfer("7", "8", 1, key="c")
    found = (await ledger.besitos.overview("7", 10)).movements
    assert [(each.amount, each.kind, each.reason, each.transaction_id) for each in found] == [
        (-1, "transfer", "gift", "c"),
        (-2, "spend", "purchase", "b"),
        (5, "award", "reaction", "a"),
    ]
    assert (await ledger.besitos.overview("7", 2)).movements == found[:2]
    (received,) = (await ledger.besitos.overview("8", 10)).movements
    assert received.amount == 1


@pytest.mark.criterion("3.1.3")
async def test_a_movement_fails_whole_when_the_balance_has_changed_since(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    await ledger.award("7", 5)
    late = unit("late")
    assert await ledger.besitos.transfer(late, "7", "8", 5, key="late") == "transferred"
    await ledger.spend("7", 1)
    before = await dump(ledger.database)
    with pytest.raises(GuardFailed, match="the account of user 7 has changed meanwhile"):
        await ledger.world.services.commits.commit(late)
    assert await dump(ledger.database) == before


@pytest.mark.criterion("3.1.3")
async def test_a_key_that_has_moved_besitos_since_moves_nobody_elses(ledger: Ledger) -> None:
    await ledger.join("7", "8")
    late, besitos = unit("late"), ledger.besitos
    await besitos.award(late, "7", 5, reason="reaction", source="rewards", key="once")
    await ledger.award("8", 5, key="once")
    with pytest.raises(GuardFailed, match="whether once has moved besitos"):
        await ledger.world.services.commits.commit(late)
    assert await ledger.sums() == {"user:8": 5, "system:rewards": -5}
