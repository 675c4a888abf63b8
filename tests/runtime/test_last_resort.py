"""The last resort stands by whatever else is wrong."""

import subprocess
import sys
import threading
from itertools import count

import pytest

from tests.waiting import PATIENCE, wait_until
from yabot.runtime.last_resort import LastResort

# More than there are in hearing one.
MOMENTS = 50
# No machine has the memory for such a stack: no thread can be started.
NO_MORE_THREADS = "import threading; threading.stack_size(1 << 46)\n"
HANGING = f"""
from yabot.runtime import last_resort
last_resort.LONGEST_END = 0.0
last_resort.last_resort.stand_by()
{NO_MORE_THREADS}
last_resort.last_resort.end_at_last(3)
threading.Event().wait()
"""


def ended(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_signal_that_comes_while_another_one_is_heard_waits_for_nothing() -> None:
    heard = threading.Event()

    def hear() -> None:
        for moment in range(MOMENTS):
            hear_twice(moment)
        heard.set()

    threading.Thread(target=hear, daemon=True).start()
    wait_until(heard.is_set)


def hear_twice(moment: int) -> None:
    """The second is heard after so many of the moments at which it may be during the first."""
    last, moments = LastResort(), count()

    def pass_by(_frame: object, _event: str, _argument: object) -> None:
        if next(moments) == moment:
            last.end_at_last()

    sys.setprofile(pass_by)
    last.end_at_last()
    sys.setprofile(None)


def test_what_hangs_is_ended_where_no_thread_can_be_started_any_more() -> None:
    assert ended(HANGING).returncode == 3


@pytest.mark.slow
def test_a_start_where_no_thread_can_be_started_tells_the_limit() -> None:
    done = ended(f"{NO_MORE_THREADS}from yabot.cli.main import main; main()", "playground")
    assert done.returncode == 1
    assert done.stderr.startswith("YABOT may not start as many threads and processes")
