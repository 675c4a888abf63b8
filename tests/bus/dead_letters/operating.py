"""Dead letters changed as an operator changes them from the command line."""

from collections.abc import Sequence

from tests.storage.fixtures import PARTITIONS
from yabot.bus.dead_letters.service import DeadLetters
from yabot.cli.operators import Operator
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database


async def retry(database: Database, ids: Sequence[int]) -> list[int]:
    async def decide(work: UnitOfWork) -> list[int]:
        return await DeadLetters(database).retry(work, ids, by="ana")

    return await Operator(database, PARTITIONS).decide(decide)


async def discard(database: Database, ids: Sequence[int], note: str) -> list[int]:
    async def decide(work: UnitOfWork) -> list[int]:
        return await DeadLetters(database).discard(work, ids, note, by="ana")

    return await Operator(database, PARTITIONS).decide(decide)
