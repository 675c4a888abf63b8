"""SQL away: nothing is acknowledged or lost; the simplest commands are answered from memory."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import psycopg
import pytest

from tests.e2e.invariants import verify
from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.reader import Reader, readers
from tests.outages.world import Json, Way, World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until

HANG_UP = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def answered_from_memory(world: World, reader: Reader) -> None:
    (closed,) = await reader.ask("/start")
    assert "cerrado" in closed["text"]
    (closed,) = await reader.ask("/ayuda")
    assert "cerrado" in closed["text"]
    status, body = world.program.health("ready")
    assert (status, body["status"]) == (503, "failed")
    assert set(world.status("sql")) == {"status", "since"}
    assert world.program.health("live")[0] == 200


async def stored_without_a_second_answer(world: World, reader: Reader, said: int) -> None:
    """What came meanwhile is handled, and only /story, the last, is answered now."""
    chat = await reader.until(lambda chat: "c:letter:look" in str(chat[-1]))
    assert len([message for message in chat if message["from"]["is_bot"]]) == said + 1
    verify(world.stores)
    started = [
        event
        for event in world.stores.outbox(reader.user_id)
        if event["payload"].get("action") == "start"
    ]
    assert len(started) == 1


@pytest.mark.criterion("1.1.5", "5.1.5")
@pytest.mark.parametrize("way", ["killed", "unreachable"])
async def test_without_sql_the_simplest_commands_are_answered_once(
    new_world: NewWorld, way: Way
) -> None:
    world = new_world(postgres=True)
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        world.lose("sql", way)
        world.until_noticed("sql")
        await answered_from_memory(world, lucia)
        await lucia.send("/story")

        await world.restore("sql")
        world.until_well()
        await stored_without_a_second_answer(world, lucia, said=2)
        wait_until(lambda: world.told_in_turn("sql"))
        player = Player(world.stores, lucia)
        player.journal.skip_to_end()
        await player.to("street")
        verify(world.stores)
        # Waiting for a store uses up nobody's attempts.
        assert world.stores.value("SELECT max(attempts) FROM updates") == 0
    assert world.program.stop() == 0


@pytest.mark.criterion("1.1.5", "5.1.5")
async def test_a_commit_whose_answer_got_lost_takes_effect_once(new_world: NewWorld) -> None:
    """It was made, and nobody knows: neither the update nor its reply may be forgotten."""
    world = new_world(postgres=True)
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        await lucia.ask("/start")
        proxy = world.places["sql"].proxy
        # The update's, and that of what came of it. Neither command is answered from memory.
        for command, answer, table in (
            ("/language", "lang:en", b"updates"),
            ("/story", "c:letter:look", b"outgoing"),
        ):
            proxy.lose_answer(to=b"COMMIT", after=b"INSERT INTO " + table)
            await lucia.send(command)
            await lucia.until(partial(_shows, answer))
            assert proxy.answer_is_lost
        world.until_well()
        verify(world.stores)
    assert world.stores.value("SELECT max(attempts) FROM updates") == 0


@pytest.mark.criterion("1.1.5", "5.1.5")
async def test_it_starts_without_sql_and_catches_up_when_it_comes(new_world: NewWorld) -> None:
    world = new_world(postgres=True)
    world.lose("sql", "frozen")
    world.program.launch()
    world.program.wait_started()
    async with readers(world.program.url, "Lucía") as (lucia,):
        await answered_from_memory(world, lucia)
        await lucia.send("/story")
        await world.restore("sql")
        world.until_well()
        await stored_without_a_second_answer(world, lucia, said=2)
    assert world.program.stop() == 0


class Operator:
    """Of PostgreSQL, as whom our role has no say."""

    def __init__(self, world: World) -> None:
        self._database = world.program.settings["MONGODB_DATABASE"]
        self._role = f"owner_of_{self._database}"
        self._server = world.places["sql"].server

    def gives_it_to_a_role_of_ours(self, program: Program) -> None:
        """It may do nothing that it is not given, as the server's first may."""
        self._run(
            f"CREATE ROLE {self._role} LOGIN",
            f"ALTER DATABASE {self._database} OWNER TO {self._role}",
        )
        url = program.settings["DATABASE_URL"]
        program.settings["DATABASE_URL"] = url.replace("postgres@", f"{self._role}@")

    @contextmanager
    def shuts_it(self) -> Iterator[None]:
        """It has become a standby, or its disk fills up. Connections of before end."""
        setting = f"ALTER DATABASE {self._database} SET default_transaction_read_only"
        self._run(f"{setting} = on", HANG_UP)
        yield
        self._run(f"{setting} = off")

    @contextmanager
    def takes_rights(self) -> Iterator[None]:
        """As behind a backup that was brought back by somebody else's hand."""
        self._run("ALTER TABLE updates OWNER TO CURRENT_USER")
        yield
        self._run(f"ALTER TABLE updates OWNER TO {self._role}")

    @contextmanager
    def takes_inserts(self) -> Iterator[None]:
        """It may read, and change what is there."""
        self._run(f"REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM {self._role}")
        yield
        self._run(f"GRANT INSERT ON ALL TABLES IN SCHEMA public TO {self._role}")

    @contextmanager
    def brings_back_a_backup(self) -> Iterator[None]:
        """Tables go, and come again."""
        self._run("ALTER TABLE updates RENAME TO dropped")
        yield
        self._run("ALTER TABLE dropped RENAME TO updates")

    def _run(self, *statements: str) -> None:
        address = self._server.address(self._database)
        options = "-c default_transaction_read_only=off"
        with psycopg.connect(address, autocommit=True, options=options) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.mark.criterion("1.1.5")
@pytest.mark.parametrize(
    "trouble", [Operator.shuts_it, Operator.takes_rights, Operator.brings_back_a_backup]
)
async def test_a_server_that_refuses_us_while_we_run_is_away(
    new_world: NewWorld, trouble: Callable[[Operator], AbstractContextManager[None]]
) -> None:
    world = new_world(postgres=True)
    operator = Operator(world)
    operator.gives_it_to_a_role_of_ours(world.program)
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        await lucia.ask("/start")
        with trouble(operator):
            (closed,) = await lucia.ask("/ayuda")
            assert "cerrado" in closed["text"]
            world.until_noticed("sql")
        world.until_well()
        verify(world.stores)
    assert world.stores.value("SELECT max(attempts) FROM updates") == 0
    assert {line["event"] for line in world.program.alarms()} == {"store.lost"}
    assert world.program.stop() == 0


@pytest.mark.criterion("1.1.5")
async def test_a_table_that_somebody_has_locked_shows_in_health(new_world: NewWorld) -> None:
    """Nothing could be handled without it, while the server does all else that is asked of it."""
    world = new_world(postgres=True, SQL_TIMEOUT_MS="2000")
    world.program.start()
    wait_until(partial(works, world, "bot"))
    with table_locked(world):
        for group in ("bot", "rewards", "inbound"):
            wait_until(partial(is_troubled, world, f"leases of {group}"))
    world.until_well()
    assert world.program.stop() == 0
    with table_locked(world):
        world.program.launch()
        wait_until(partial(is_troubled, world, "resumption"))
    world.until_well()
    assert world.program.stop() == 0


@contextmanager
def table_locked(world: World) -> Iterator[None]:
    address = world.places["sql"].server.address(world.program.settings["MONGODB_DATABASE"])
    with psycopg.connect(address) as connection:
        connection.execute("LOCK TABLE partition_owners")
        yield


def works(world: World, group: str) -> bool:
    return any(line["group"] == group for line in world.program.logged("partitions.assigned"))


def is_troubled(world: World, component: str) -> bool:
    _, body = world.program.health("ready")
    return bool(body.get("components", {}).get(component, {}).get("status") == "degraded")


@pytest.mark.criterion("1.1.5")
@pytest.mark.parametrize("trouble", [Operator.shuts_it, Operator.takes_inserts])
async def test_it_starts_on_a_server_that_takes_no_writes_and_goes_on_when_it_does(
    new_world: NewWorld, trouble: Callable[[Operator], AbstractContextManager[None]]
) -> None:
    world = new_world(postgres=True)
    operator = Operator(world)
    operator.gives_it_to_a_role_of_ours(world.program)
    world.program.start()
    assert world.program.stop() == 0
    with trouble(operator):
        world.program.launch()
        world.program.wait_started()
        assert world.status("sql")["status"] == "failed"
    world.until_well()
    async with readers(world.program.url, "Lucía") as (lucia,):
        await lucia.ask("/start")
        verify(world.stores)
    assert world.program.stop() == 0


def _shows(data: str, chat: list[Json]) -> bool:
    return data in str(chat)
