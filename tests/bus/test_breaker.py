"""The circuit breaker counts; what it has said stays in SQL until an operator takes it back."""

from datetime import timedelta

import pytest

from tests.log.units import MORNING
from tests.storage.dumps import rows_of
from yabot.bus.groups import stops
from yabot.bus.groups.breaker import OF_THE_LAST, TOO_MANY, CircuitBreaker
from yabot.bus.groups.stops import Stop
from yabot.bus.tables import group_stops
from yabot.errors import GuardFailed
from yabot.storage.relational.database import Database


def noted(breaker: CircuitBreaker, dead: int, well: int = 0) -> CircuitBreaker:
    for fate in [False] * well + [True] * dead:
        breaker.note(fate)
    return breaker


def test_too_many_of_the_last_hundred_open_it() -> None:
    breaker = noted(CircuitBreaker(), dead=TOO_MANY - 1)
    assert not breaker.is_open
    assert not noted(breaker, dead=0, well=OF_THE_LAST).is_open
    assert noted(breaker, dead=TOO_MANY, well=OF_THE_LAST - TOO_MANY).is_open


def test_closed_it_begins_to_count_anew() -> None:
    breaker = noted(CircuitBreaker(), dead=TOO_MANY)
    breaker.close()
    assert not noted(breaker, dead=TOO_MANY - 1).is_open
    breaker.close()
    # What was counted before falls out of the last hundred, and is not counted back.
    assert noted(breaker, dead=TOO_MANY, well=OF_THE_LAST - TOO_MANY).is_open


def test_it_is_open_while_another_process_says_so() -> None:
    breaker = CircuitBreaker()
    breaker.open()
    assert breaker.is_open
    breaker.close()
    assert not breaker.is_open


async def test_who_lets_a_group_go_on_means_the_stop_that_they_have_seen(
    database: Database,
) -> None:
    """It has been let go on meanwhile, and has stopped anew for what nobody has looked at."""
    seen = Stop("rewards", 20, MORNING)
    anew = Stop("rewards", 21, MORNING + timedelta(minutes=1))
    await database.write(stops.stop(anew))
    with pytest.raises(GuardFailed):
        await database.write(stops.lift(seen))
    with pytest.raises(GuardFailed):
        await database.write(stops.stop(seen))
    assert [row["dead_letters"] for row in await rows_of(database, group_stops)] == [21]
