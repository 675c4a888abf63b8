"""PUT of a user's preferences, until its answer, beside the writes that it is."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from time import perf_counter
from typing import Any

from pymongo import MongoClient

from bench.asking import ask
from bench.bare import BareProgram, copy_tables
from bench.changes import bare_preferences
from bench.engines import Engines
from bench.figures import Figure, Pairs, alternate
from bench.running import FIRST_USER, Running, running
from bench.samples import Row, Sample

LANES = 32
ROUNDS = 5
ONE_BY_ONE = 60
IN_EACH_LANE = 15
THEMES = ("light", "dark")
SAMPLE_KEY = "sample"
CAUSE = f"api:bench:{SAMPLE_KEY}"

# How often each user's have been put.
_puts: Counter[int] = Counter()


async def api_change_figures(engines: Engines) -> list[Figure]:
    async with running(engines, "bench_api_changes", users=LANES) as program:
        sample = await _sample(engines, program)
        path = engines.folder / "bench_api_changes_bare.db"
        copy_tables(program.sqlite, path)
        async with BareProgram(engines, path) as bare:
            alone = await _beside(bare, program, sample, 1, ONE_BY_ONE)
            together = await _beside(bare, program, sample, LANES, IN_EACH_LANE)
    return [
        alone.figure("PUT preferences, one by one", "ms"),
        together.figure(f"PUT preferences, {LANES} side by side", "ms"),
    ]


async def _beside(
    bare: BareProgram, program: Running, sample: Sample, lanes: int, each: int
) -> Pairs:
    async def by_hand() -> float:
        started = perf_counter()
        await asyncio.gather(*(_write(bare, sample, lane, each) for lane in range(lanes)))
        return (perf_counter() - started) / (lanes * each) * 1000

    async def ours() -> float:
        wanted = [_put(program, number % lanes) for number in range(lanes * each)]
        answers = (await ask(program.port, wanted, lanes)).require(200)
        return answers.seconds / (lanes * each) * 1000

    return await alternate(by_hand, ours, ROUNDS)


async def _write(bare: BareProgram, sample: Sample, lane: int, times: int) -> None:
    for _ in range(times):
        await bare.make(bare_preferences(sample, str(FIRST_USER + lane)))


def _put(program: Running, lane: int, key: str | None = None) -> bytes:
    """Each another one than the last, so that it changes something."""
    _puts[lane] += 1
    theme = THEMES[_puts[lane] % 2]
    body = {"language": "en", "notifications_enabled": True, "theme": theme}
    return program.send("PUT", f"/user/{FIRST_USER + lane}/preferences", body, key)


async def _sample(engines: Engines, program: Running) -> Sample:
    """What the program has written for one of them."""
    (await ask(program.port, _put(program, 0, SAMPLE_KEY), 1)).require(200)
    user_id = str(FIRST_USER)
    queries = {
        "receipts": ("cause_id = ?", CAUSE),
        "api_answers": ("key = ?", SAMPLE_KEY),
        "audit_log": ("details LIKE ?", f"%{CAUSE}%"),
        "user_counters": ("user_id = ?", user_id),
        "outbox": ("envelope LIKE ?", f'%"causation_id":"{CAUSE}"%'),
    }
    with closing(sqlite3.connect(program.sqlite)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {table: _rows(connection, table, *where) for table, where in queries.items()}
    with MongoClient[Row](engines.mongodb_uri) as client:
        document = client[program.database]["users"].find_one({"_id": user_id})
    assert document is not None
    return Sample(rows, document)


def _rows(connection: sqlite3.Connection, table: str, where: str, value: Any) -> Sequence[Row]:
    query = f"SELECT * FROM {table} WHERE {where}"
    found = [dict(row) for row in connection.execute(query, (value,))]
    assert found, table
    return [{name: row[name] for name in row if name not in ("id", "pos")} for row in found]
