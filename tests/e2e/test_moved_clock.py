"""Days pass for a running program when a test says so, also behind a kill."""

from datetime import datetime, timedelta

from tests.e2e.invariants import settle
from tests.e2e.program import Program
from tests.e2e.reader import readers


async def test_it_is_days_later_and_stays_so(mortal: Program) -> None:
    async with readers(mortal.url, "Lucía") as (reader,):
        await reader.ask("/start")
        first = last_login(mortal, reader.user_id)
        mortal.pass_time(days=3)
        await reader.ask("/start")
        assert last_login(mortal, reader.user_id) - first > timedelta(days=3)
        settle(mortal.stores)
        mortal.kill9()
        mortal.start()
        mortal.pass_time(days=1)
        await reader.ask("/start")
        assert last_login(mortal, reader.user_id) - first > timedelta(days=4)


def last_login(program: Program, user_id: int) -> datetime:
    query = "SELECT last_login FROM user_profiles WHERE user_id = ?"
    return datetime.fromisoformat(program.stores.value(query, str(user_id)))
