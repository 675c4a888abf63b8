"""A pytest plugin: programs to test against, each ended with everything that it has started."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest
from redis import Redis

from tests.e2e.fork_server import ForkServer
from tests.e2e.patience import OF_DOCTOR
from tests.e2e.program import Program
from tests.waiting import PATIENCE, wait_until

NewProgram = Callable[..., Program]
RunFor = Callable[[int], Program]
# Seconds for which a program is kept that no test needs: it takes a twentieth of a core to run it
# beside the others, and two seconds to start it again.
KEPT = 15.0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "logs(*events): errors that `playing` may log meanwhile")


@pytest.fixture(scope="session")
def forks(warm_door: Path) -> Iterator[ForkServer]:
    with ForkServer(warm_door) as server:
        yield server


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers `yabot doctor` answers, also where the test examines for itself."""
    for module, bound in OF_DOCTOR:
        monkeypatch.setattr(f"{module}.{bound}", PATIENCE)


@pytest.fixture
def new_program(forks: ForkServer, tmp_path: Path) -> Iterator[NewProgram]:
    """Makes programs that do not run yet; a name gives one a folder of its own."""
    made: list[Program] = []

    def make(*command: str, name: str = "yabot", patient: bool = True, **settings: str) -> Program:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        made.append(Program(forks, folder, *command, **settings))
        made[-1].patient = patient
        return made[-1]

    yield make
    for program in reversed(made):
        program.end()


class Shared:
    """A program for many tests, which runs while they come one after another.

    It is a pytest plugin: before a test that does not need it, it ends if nobody has for a while.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._used_at = 0.0

    @contextmanager
    def used(self) -> Iterator[Program]:
        if self._program.pid is None:
            self._program.start()
        yield self._program
        self._used_at = monotonic()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        is_wanted = "playing" in getattr(item, "fixturenames", ())
        is_kept = is_wanted or monotonic() - self._used_at <= KEPT
        if self._program.pid is not None and not is_kept:
            self._program.end()


@pytest.fixture
def playing(shared: Shared, request: pytest.FixtureRequest) -> Iterator[Program]:
    """One running program, with its own playground, for all who only chat with it.

    What it logs as an error fails the test that it happens in, unless the test names it:
    ``@pytest.mark.logs("page.refused")``.
    """
    named = {each for mark in request.node.iter_markers("logs") for each in mark.args}
    with shared.used() as program:
        before, sentences = len(program.error_lines), program.sentences
        yield program
    told = program.alarms(before)
    # A slow machine may keep a store from answering in time.
    assert [line for line in told if line["event"] not in {*named, "store.lost"}] == []
    assert program.sentences == sentences


@pytest.fixture(scope="session")
def shared(
    forks: ForkServer,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
    mongodb_uri: str,
) -> Iterator[Shared]:
    # A Valkey of its own: that of the tests is emptied again and again.
    stores = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": "playing"}
    program = Program(forks, tmp_path_factory.mktemp("playing"), **stores)
    shared = Shared(program)
    pytestconfig.pluginmanager.register(shared)
    try:
        yield shared
    finally:
        program.end()


@pytest.fixture
def mortal(outlived: Program) -> Program:
    """It runs, also when the test before has failed behind a kill."""
    if outlived.pid is None:
        outlived.start()
    return outlived


@pytest.fixture(scope="module")
def outlived(
    forks: ForkServer,
    tmp_path_factory: pytest.TempPathFactory,
    mongodb_uri: str,
    redis_url: str,
) -> Iterator[Program]:
    """A program whose engines outlive it, so that it is back at once."""
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    stores = {"MONGODB_URI": mongodb_uri, "REDIS_URL": redis_url}
    folder = tmp_path_factory.mktemp("mortal")
    program = Program(forks, folder, **stores, MONGODB_DATABASE=f"test_{uuid4().hex}")
    try:
        program.start()
        yield program
        program.stores.mongodb.client.drop_database(program.stores.mongodb)
    finally:
        program.end()


@pytest.fixture
def telegram(new_program: NewProgram) -> Program:
    """A running `yabot playground`, for a bot that is a program of its own."""
    server = new_program("playground", name="telegram")
    server.launch()
    wait_until(lambda: "BOT_TOKEN" in server.said)
    return server


@pytest.fixture
def bot_settings(
    telegram: Program, mongodb_uri: str, mongo_database: str, redis_db: str
) -> dict[str, str]:
    """As an operator sets them: a token, and servers that run already."""
    return {
        "BOT_TOKEN": bot_token(telegram),
        "TELEGRAM_API_URL": telegram.url,
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": mongo_database,
        "REDIS_URL": redis_db,
    }


@pytest.fixture
def running_bot(new_program: NewProgram, bot_settings: dict[str, str]) -> Program:
    """A program of its own, which polls that Telegram."""
    program = new_program(**bot_settings)
    program.start()
    return program


@pytest.fixture
def run_for(new_program: NewProgram, bot_settings: dict[str, str]) -> RunFor:
    """Starts one whose administrator has that id."""

    def start(admin_id: int) -> Program:
        program = new_program(**bot_settings, ADMIN_USER_IDS=str(admin_id))
        program.start()
        return program

    return start


def bot_token(telegram: Program) -> str:
    (line,) = [line for line in telegram.said.splitlines() if line.startswith("BOT_TOKEN")]
    return line.split()[1]
