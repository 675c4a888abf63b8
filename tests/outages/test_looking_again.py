"""A program whose stores do not answer: it says so, and looks for each ever more rarely."""

import pytest

from tests.e2e.program import Json, Program
from tests.e2e.programs import NewProgram
from tests.ports import free_port
from tests.waiting import wait_until

LOOKS = 6


def looks(program: Program, store: str) -> list[Json]:
    """What the watch over that store said each time before it looked again."""
    return [line for line in program.logged("store.away") if line["store"] == store]


@pytest.mark.criterion("1.1.2", "2.1.2")
def test_a_store_that_is_away_is_logged_and_looked_for_ever_more_rarely(
    new_program: NewProgram,
) -> None:
    program = new_program(
        MONGODB_URI=f"mongodb://127.0.0.1:{free_port()}/?directConnection=true",
        REDIS_URL=f"redis://127.0.0.1:{free_port()}",
        MONGODB_TIMEOUT_MS="100",
        REDIS_TIMEOUT_MS="100",
    )
    program.start()
    stores = ("MongoDB", "Redis")
    wait_until(lambda: all(len(looks(program, store)) >= LOOKS for store in stores))
    for store in stores:
        (lost,) = [line for line in program.logged("store.lost") if line["store"] == store]
        assert (lost["level"], bool(lost["reason"])) == ("error", True)
        pauses = [line["looks_again_in_s"] for line in looks(program, store)]
        # Doubled each time up to two seconds, give or take a quarter.
        for number, pause in enumerate(pauses[:LOOKS]):
            expected = min(0.1 * 2**number, 2.0)
            assert 0.75 * expected <= pause + 0.001, (store, pauses)
            assert pause - 0.001 <= 1.25 * expected, (store, pauses)
