"""SQL away: nothing is acknowledged or lost; the simplest commands are answered from memory."""

from functools import partial
from typing import Literal

import psycopg
import pytest

from tests.e2e.invariants import verify
from tests.e2e.player import Player
from tests.e2e.reader import Reader, readers
from tests.outages.world import Json, Way, World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until


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
    world.until_started()
    async with readers(world.program.url, "Lucía") as (lucia,):
        await answered_from_memory(world, lucia)
        await lucia.send("/story")
        await world.restore("sql")
        world.until_well()
        await stored_without_a_second_answer(world, lucia, said=2)
    assert world.program.stop() == 0


@pytest.mark.criterion("1.1.5")
async def test_a_server_that_takes_no_writes_is_away(new_world: NewWorld) -> None:
    """It has become a standby, or somebody has shut it because its disk fills up."""
    world = new_world(postgres=True)
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        await lucia.ask("/start")
        _make_read_only(world, "on")
        (closed,) = await lucia.ask("/ayuda")
        assert "cerrado" in closed["text"]
        world.until_noticed("sql")
        _make_read_only(world, "off")
        world.until_well()
        verify(world.stores)
    assert {line["event"] for line in world.program.alarms()} == {"store.lost"}
    assert world.program.stop() == 0


def _make_read_only(world: World, whether: Literal["on", "off"]) -> None:
    """Connections of before end, as when another server takes the place of one."""
    database = world.program.settings["MONGODB_DATABASE"]
    address = world.places["sql"].server.address("postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            f"ALTER DATABASE {database} SET default_transaction_read_only = {whether}"
        )
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )


def _shows(data: str, chat: list[Json]) -> bool:
    return data in str(chat)
