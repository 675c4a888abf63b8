"""A pytest plugin: one warm process for a run; whoever runs tests has programs forked from it."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fork_server import WarmProcess

# In what a process of pytest-xdist is given.
DOOR = "warm-door"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Sharing(config), "warm-process")


class _Sharing:
    """Has all processes of pytest-xdist knock at one door."""

    def __init__(self, config: pytest.Config) -> None:
        self._open = ExitStack()
        config.add_cleanup(self._open.close)

    @cached_property
    def _door(self) -> str:
        return str(self._open.enter_context(WarmProcess()).door)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[DOOR] = self._door


@pytest.fixture(scope="session")
def warm_door(pytestconfig: pytest.Config) -> Iterator[Path]:
    """Where fork servers ask for processes that have imported the program."""
    given = getattr(pytestconfig, "workerinput", {})
    if DOOR in given:
        yield Path(given[DOOR])
        return
    with WarmProcess() as warm:
        yield warm.door
