"""What is said of a gift, when its giver earns something at that very moment."""

import re

import pytest

from tests.features.harness import Harness
from tests.storage.meanwhile import Meanwhile
from yabot.app.features import FEATURES
from yabot.features.besitos.gift import Gift
from yabot.features.besitos.service import BesitosService
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

AMOUNT, HAS, EARNED = 5, 3, 10


@pytest.mark.parametrize("reads", range(5))
async def test_nobody_is_refused_what_they_are_said_to_have(
    sqlite_database: Database, documents: DocumentStore, reads: int
) -> None:
    meanwhile = Meanwhile(sqlite_database)
    harness = await Harness.open(FEATURES, meanwhile, documents)
    ana, mar = await harness.join("Ana"), await harness.join("Mar")
    besitos = harness.services[BesitosService]

    async def earn(amount: int) -> None:
        async def award(work: UnitOfWork) -> None:
            await besitos.award(
                work, ana.user_id, amount, reason="gift", source="rewards", key=work.cause.id
            )

        await harness.commit(award)

    await earn(HAS)
    meanwhile.arm(lambda: earn(EARNED), passing_over=reads)
    said = " ".join(await ana.press(Gift(mar.user_id, AMOUNT, 1).data))
    assert meanwhile.has_happened
    given = await besitos.balance(mar.user_id)
    left = HAS + EARNED - given
    assert given in (0, AMOUNT)
    assert await besitos.balance(ana.user_id) == left
    told = re.findall(r"\d+", said)[1 if given else 0]
    assert int(told) == (left if given else HAS), said
