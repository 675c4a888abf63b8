"""A pytest plugin: a process that hears the signals of a terminal, whoever has started the tests.

Under nohup, and in the background of a shell, it ignores some of them, and so does each process
that it starts.
"""

import signal
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

AS_AT_A_TERMINAL: Mapping[signal.Signals, Any] = {
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """Until the test ends, this process hears them as one does that a terminal has started."""
    before = {number: signal.signal(number, way) for number, way in AS_AT_A_TERMINAL.items()}
    yield
    for number, way in before.items():
        signal.signal(number, way)
