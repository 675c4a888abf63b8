"""Programs to test against, each ended with everything that it has started."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.fork_server import ForkServer
from tests.e2e.program import Program

NewProgram = Callable[..., Program]


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


@pytest.fixture
def new_program(forks: ForkServer, tmp_path: Path) -> Iterator[NewProgram]:
    """Makes programs that do not run yet; a name gives one a folder of its own."""
    made: list[Program] = []

    def make(*command: str, name: str = "yabot", **settings: str) -> Program:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        made.append(Program(forks, folder, *command, **settings))
        return made[-1]

    yield make
    for program in reversed(made):
        program.end()


@pytest.fixture(scope="module")
def playing(forks: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One running program, with its own engines and playground, for the tests of a module."""
    program = Program(forks, tmp_path_factory.mktemp("playing"))
    try:
        program.start()
        yield program
    finally:
        program.end()
