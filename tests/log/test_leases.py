"""Leases on PostgreSQL, while units that rest on them are under way."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import pytest
from psycopg.errors import DeadlockDetected
from sqlalchemy import Connection, ExceptionContext, event, text

from tests.bus.process import let_leases_end
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE, until
from yabot.errors import LeaseLost
from yabot.log.leases import SharedLeases
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.criterion("scale.3")

GROUP = "test"
GATE = 4711
TIMES = 60


async def member(new: NewDatabase, lease: float = 10 * PATIENCE) -> SharedLeases:
    database = new()
    await database.open()
    return SharedLeases(database, lease)


@asynccontextmanager
async def unit_under_way(owner: SharedLeases, tokens: dict[int, int]) -> AsyncIterator[None]:
    """Its transaction has made sure of the partitions and is not over."""
    began, go_on = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        for partition, token in tokens.items():
            owner.check(GROUP, partition, token)(connection)
        began.set()
        go_on.wait()

    committing = asyncio.create_task(owner.database.write(work))
    await asyncio.to_thread(began.wait)
    try:
        yield
    finally:
        go_on.set()
        await committing


async def test_a_sign_of_life_waits_for_no_unit(new_postgres: NewDatabase) -> None:
    one, two = await member(new_postgres), await member(new_postgres)
    tokens = (await one.renew(GROUP)).tokens
    async with unit_under_way(one, tokens), asyncio.timeout(PATIENCE):
        assert (await one.renew(GROUP)).tokens == tokens
        assert (await two.renew(GROUP)).tokens == {}


async def test_nobody_takes_over_where_a_unit_is_under_way(new_postgres: NewDatabase) -> None:
    late, heir = await member(new_postgres, lease=0), await member(new_postgres)
    tokens = (await late.renew(GROUP)).tokens
    async with unit_under_way(late, {1: tokens[1]}), asyncio.timeout(PATIENCE):
        taken = await heir.renew(GROUP)
        assert taken.tokens.keys() == taken.orphaned == tokens.keys() - {1}
    taken = await heir.renew(GROUP)
    assert taken.tokens.keys() == tokens.keys()
    assert taken.orphaned == {1}
    for partition, token in tokens.items():
        with pytest.raises(LeaseLost):
            await late.database.write(late.check(GROUP, partition, token))


async def test_an_outage_longer_than_a_lease_is_nobodys_death(new_postgres: NewDatabase) -> None:
    """Whoever comes back first finds all leases run out, its own among them."""
    one, two = await member(new_postgres), await member(new_postgres)
    for each in (one, two, one, two):
        granted = await each.renew(GROUP)
        await each.release(GROUP, {n: granted.tokens[n] for n in granted.revoked})
    assert granted.tokens
    await let_leases_end(new_postgres)
    back = await one.renew(GROUP)
    assert back.tokens.keys() > granted.tokens.keys()
    assert not back.orphaned
    assert not (await two.renew(GROUP)).orphaned
    # One that dies without it is noticed again.
    await let_leases_end(new_postgres)
    assert (await (await member(new_postgres)).renew(GROUP)).orphaned


async def test_who_leaves_holds_nothing_any_more(new_postgres: NewDatabase) -> None:
    """Also of what it had taken, and was stopped before it could begin there."""
    one, two = await member(new_postgres), await member(new_postgres)
    tokens = (await one.renew(GROUP)).tokens
    await one.leave(GROUP)
    taken = await two.renew(GROUP)
    assert taken.tokens.keys() == tokens.keys()
    assert not taken.orphaned


@contextmanager
def deadlocks(database: Database) -> Iterator[list[None]]:
    """As long as the number of transactions that PostgreSQL gave up to end a ring."""
    found: list[None] = []

    def note(context: ExceptionContext) -> None:
        if isinstance(context.original_exception, DeadlockDetected):
            found.append(None)

    event.listen(database.engine, "handle_error", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "handle_error", note)


async def test_those_that_come_back_together_wait_for_each_other_in_no_ring(
    new_postgres: NewDatabase,
) -> None:
    """After an outage that was longer than a lease each finds the others dead, and itself."""
    members = [await member(new_postgres, lease=0) for _ in range(3)]
    with ExitStack() as stack:
        found = [stack.enter_context(deadlocks(each.database)) for each in members]
        for _ in range(TIMES):
            await asyncio.gather(*(each.renew(GROUP) for each in members))
    assert found == [[], [], []]


@contextmanager
def checks_wait_behind_their_snapshot(database: Database, gate: int) -> Iterator[None]:
    """Before it locks its row, a check waits for the advisory lock ``gate``."""

    def wait(
        _connection: Connection, _cursor: object, statement: str, parameters: Any, *_rest: object
    ) -> tuple[str, Any]:
        waits = f"WHERE (SELECT pg_advisory_xact_lock_shared({gate})) IS NOT NULL AND"
        return statement.replace("WHERE", waits), parameters

    event.listen(database.engine, "before_cursor_execute", wait, retval=True)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", wait)


def waits_for(database: Database, gate: int) -> Callable[[], Awaitable[bool]]:
    query = text(f"SELECT count(*) FROM pg_locks WHERE objid = {gate} AND NOT granted")
    return lambda: database.read(lambda connection: connection.execute(query).scalar() == 1)


async def test_a_check_that_began_before_a_take_over_sees_it(new_postgres: NewDatabase) -> None:
    """PostgreSQL would else give it the row as it was when the statement began."""
    late, heir = await member(new_postgres, lease=0), await member(new_postgres)
    tokens = (await late.renew(GROUP)).tokens
    with heir.database.engine.begin() as holding:
        holding.execute(text(f"SELECT pg_advisory_xact_lock({GATE})"))
        with checks_wait_behind_their_snapshot(late.database, GATE):
            checking = asyncio.create_task(late.database.write(late.check(GROUP, 1, tokens[1])))
            await until(waits_for(heir.database, GATE))
        assert 1 in (await heir.renew(GROUP)).tokens
    with pytest.raises(LeaseLost):
        await checking
