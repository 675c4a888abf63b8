"""Lets days pass for a running program: its clocks go ahead of the machine's."""

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tests.waiting import wait_until
from yabot import clock

SIGNAL = signal.SIGUSR2


def obey(folder: Path) -> None:
    """From now on this process is as far ahead as a file in its folder says."""
    wanted, done = folder / "ahead", folder / "ahead.done"

    def move(*_: object) -> None:
        clock.set_ahead(timedelta(seconds=float(wanted.read_text())))
        done.write_text(wanted.read_text())

    signal.signal(SIGNAL, move)
    if wanted.exists():
        move()


def begin_ahead(folder: Path, by: timedelta) -> None:
    """So far ahead a program of that folder begins."""
    (folder / "ahead").write_text(f"{by.total_seconds()}")


def be_ahead(folder: Path, by: timedelta, tell: Callable[[signal.Signals], None]) -> None:
    """``by`` in all, and wait until the program, which is told with a signal, knows."""
    wanted, done = folder / "ahead", folder / "ahead.done"
    begin_ahead(folder, by)
    tell(SIGNAL)
    wait_until(lambda: done.exists() and done.read_text() == wanted.read_text())
