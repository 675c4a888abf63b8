"""Besitos that change hands, beside the same rows by hand in SQL."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from time import perf_counter
from typing import Any

from aiogram.types import User as TelegramUser
from sqlalchemy import Connection, select

from bench.bare import BareSql, Step, copy_database
from bench.engines import Engines
from bench.figures import Figure, Pairs, alternate
from bench.program import Program, prepared_program
from yabot.features.besitos.model import reader_account
from yabot.features.besitos.service import BesitosService
from yabot.features.users.service import UserService
from yabot.log.tables import outbox
from yabot.log.unit_of_work import Cause, UnitOfWork

ROUNDS = 5
ONE_BY_ONE, IN_EACH_LANE = 100, 30
LANES = 32
FIRST_USER = 1_000_000
PLENTY = 1_000_000

Lane = Callable[[int], Awaitable[None]]

_numbers = count(1)


async def transfer_figures(engines: Engines) -> list[Figure]:
    async with prepared_program(engines, "bench_transfers") as program:
        await _register_everybody(program)
        await _transfer(program, 0)
        sample = await _newest_event(program)
        path = engines.folder / "bench_transfers_bare.db"
        copy_database(program.settings.sql.sqlite_path, path)
        with closing(BareSql(path)) as sql, ThreadPoolExecutor(1) as thread:

            async def by_hand(lane: int) -> None:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(thread, sql.commit, _bare_transfer(sample, lane))

            async def ours(lane: int) -> None:
                await _transfer(program, lane)

            alone = await _beside(by_hand, ours, 1, ONE_BY_ONE)
            together = await _beside(by_hand, ours, LANES, IN_EACH_LANE)
    return [
        alone.figure("transfers of besitos, one by one", "per s"),
        together.figure(f"transfers of besitos, {LANES} side by side", "per s"),
    ]


async def _beside(by_hand: Lane, ours: Lane, lanes: int, each: int) -> Pairs:
    async def rate(transfer: Lane) -> float:
        async def run(lane: int) -> None:
            for _ in range(each):
                await transfer(lane)

        started = perf_counter()
        await asyncio.gather(*(run(lane) for lane in range(lanes)))
        return lanes * each / (perf_counter() - started)

    return await alternate(lambda: rate(by_hand), lambda: rate(ours), ROUNDS)


def _pair(lane: int) -> tuple[str, str]:
    """Giver and receiver: each lane has its own."""
    return str(FIRST_USER + 2 * lane), str(FIRST_USER + 2 * lane + 1)


async def _register_everybody(program: Program) -> None:
    users, besitos = program.services[UserService], program.services[BesitosService]
    for user_id in (user for lane in range(LANES) for user in _pair(lane)):
        person = TelegramUser(id=int(user_id), is_bot=False, first_name="Lucía")
        key = f"bench:{user_id}"

        async def register(work: UnitOfWork, person: TelegramUser = person, key: str = key) -> None:
            await users.meet(work, person)
            await besitos.award(
                work, str(person.id), PLENTY, reason="bench", source="rewards", key=key
            )

        await program.services.commits.decide(Cause("bench", key, key), register)


async def _transfer(program: Program, lane: int) -> None:
    giver, receiver = _pair(lane)
    key = f"gift:{next(_numbers)}"
    besitos = program.services[BesitosService]
    done, _ = await program.services.commits.decide(
        Cause("bench", key, key),
        lambda work: besitos.transfer(work, giver, receiver, 1, key=key),
    )
    assert done == "transferred"


async def _newest_event(program: Program) -> dict[str, Any]:
    """A row of the log; a transfer writes two like it."""

    def read(connection: Connection) -> dict[str, Any]:
        query = select(outbox).order_by(outbox.c.created_at.desc()).limit(1)
        text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
        return dict(connection.exec_driver_sql(text).mappings().one())

    return await program.stores.database.read(read)


def _bare_transfer(event: dict[str, Any], lane: int) -> list[Step]:
    """All rows of a transfer; nothing is read, and nothing checked but that the money is there."""
    giver, receiver = map(reader_account, _pair(lane))
    key, now = f"bare:{next(_numbers)}", event["created_at"]
    transaction = {"id": key, "cause": key, "now": now}
    sides = [
        {"id": key, "account": giver, "amount": -1},
        {"id": key, "account": receiver, "amount": 1},
    ]
    events = [event | {"event_id": f"{next(_numbers):036}", "pos": -next(_numbers)} for _ in "ab"]
    names = list(event)
    return [
        (
            "INSERT INTO receipts (consumer, cause_id, committed_at) "
            "VALUES ('bench', :cause, :now)",
            [transaction],
        ),
        (
            "INSERT INTO transactions (id, kind, reason, source, cause_id, created_at) "
            "VALUES (:id, 'transfer', 'gift', 'gift', :cause, :now)",
            [transaction],
        ),
        (
            "UPDATE accounts SET balance = balance + :amount WHERE id = :account",
            sides,
        ),
        (
            "INSERT INTO postings (transaction_id, account_id, amount) "
            "VALUES (:id, :account, :amount)",
            sides,
        ),
        (
            "UPDATE user_counters SET sequence = sequence + 1 WHERE user_id = :user",
            [{"user": user} for user in _pair(lane)],
        ),
        (
            "UPDATE partitions SET last_pos = last_pos + 2 WHERE partition = :partition",
            [{"partition": event["partition"]}],
        ),
        (
            f"INSERT INTO outbox ({', '.join(names)}) VALUES ({', '.join(f':{n}' for n in names)})",
            events,
        ),
    ]
