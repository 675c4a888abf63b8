"""How fast events take effect when they are of one user, of some and of many.

Beside a blocking script that inserts the same rows, each in a commit of its own: one user's events
go one after another, too.
"""

from contextlib import closing
from pathlib import Path
from time import perf_counter

from bench.bare import BareSql
from bench.engines import Engines
from bench.figures import Figure, alternate
from bench.logged import new_rows
from bench.peer_faststream import CREATE, INSERT
from bench.subscribing import opened_bus, subscribed

ROUNDS = 3
BARE = 2_000
# By the number of users.
EVENTS = {1: 1_000, 10: 4_000, 100: 8_000, 1_000: 10_000, 10_000: 10_000}


async def user_figures(engines: Engines) -> list[Figure]:
    async with opened_bus(engines, "bench_users") as bus, subscribed(bus, bus.inserting()) as relay:
        with closing(_bare(engines.folder / "bench_users_bare.db")) as bare:
            figures = []
            for users, events in EVENTS.items():

                async def by_hand() -> float:
                    return _insert_rate(bare)

                async def ours(events: int = events, users: int = users) -> float:
                    return await bus.rate(relay, events, users)

                pairs = await alternate(by_hand, ours, ROUNDS)
                figures.append(pairs.figure(f"events of {users:,} users", "events/s"))
    return figures


def _bare(path: Path) -> BareSql:
    sql = BareSql(path)
    sql.commit([(CREATE, [{}])])
    return sql


def _insert_rate(sql: BareSql) -> float:
    rows = new_rows(BARE, 16)
    started = perf_counter()
    for row in rows:
        names = ("event_id", "user_id", "event_type")
        sql.commit([(INSERT, [{name: row[name] for name in names}])])
    return BARE / (perf_counter() - started)
