"""Who hears the signals that tell a process to end."""

import asyncio
import signal
import threading
from collections.abc import Callable

import pytest
import uvloop

from tests.waiting import PATIENCE
from yabot.cli.context import run_until_signalled
from yabot.runtime.ending_signals import hear, hear_again, hear_no_more

NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

NewLoop = Callable[[], asyncio.AbstractEventLoop]
# The program runs on the first one where uvloop is not installed.
on_each_loop = pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)

pytestmark = pytest.mark.usefixtures("at_a_terminal")


@pytest.mark.parametrize("number", NUMBERS)
def test_whoever_heard_them_before_hears_them_again(number: signal.Signals) -> None:
    heard: list[str] = []
    hear(lambda: heard.append("outer"))
    inner = hear(lambda: heard.append("inner"))
    signal.raise_signal(number)
    hear_again(inner)
    signal.raise_signal(number)
    hear_no_more()
    signal.raise_signal(number)
    assert heard == ["inner", "outer"]


def test_whoever_was_started_by_nohup_outlives_the_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hear(lambda: None)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@on_each_loop
@pytest.mark.parametrize("number", NUMBERS)
def test_they_are_heard_beyond_the_event_loop(number: signal.Signals, new_loop: NewLoop) -> None:
    heard: list[str] = []
    hear(lambda: heard.append("told again"))

    async def serve(stop: asyncio.Event) -> None:
        signal.raise_signal(number)
        await stop.wait()

    run_until_signalled(serve, new_loop)
    signal.raise_signal(number)
    assert heard == ["told again"]


@on_each_loop
@pytest.mark.parametrize("number", NUMBERS)
def test_being_told_again_ends_no_loop_that_waits_for_its_threads(
    number: signal.Signals, new_loop: NewLoop
) -> None:
    heard: list[str] = []
    hear(lambda: heard.append("in the middle"))
    ended = threading.Event()

    def tell_again() -> None:
        ended.wait(PATIENCE)
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    async def serve(_stop: asyncio.Event) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _: ended.set())
        asyncio.get_running_loop().run_in_executor(None, tell_again)

    run_until_signalled(serve, new_loop)
    assert heard == []
