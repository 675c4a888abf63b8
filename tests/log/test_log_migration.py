"""A log whose positions were given by the relay becomes one that gives them in the commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, column, insert, select, table, update

from tests.log.units import MORNING, telling
from tests.storage.dumps import Rows, rows_of
from tests.storage.fixtures import PARTITIONS, new_commits
from yabot.app.stores import schema_of
from yabot.bot.tables import updates
from yabot.events.partition import partition_of
from yabot.log.partitions import ensure_partitions
from yabot.log.tables import BLANK, MIGRATIONS, outbox, outgoing, partitions
from yabot.storage.relational.database import Database
from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.schema import HOME
from yabot.storage.relational.types import Moment

BEFORE, AFTER = "log_0001", "log_0002"
# Of each partition, how far it was placed and published.
MARKS = {0: (3, 2), 1: (5, 5), 2: (2, 2), 3: (0, 0)}
# Partition and position of each event, in the order of their ids: what 1 had has been removed as
# old, nothing waits in 2, and the relay has not been to 3 yet.
EVENTS = [(0, 1), (3, None), (0, 2), (2, 1), (0, 3), (2, 2), (0, None), (3, None), (1, None)]
EVENTS += [(0, None)]
# Where the same events must be now, and how far each partition is.
PLACES = [(0, 1), (3, 1), (0, 2), (2, 1), (0, 3), (2, 2), (0, 4), (3, 2), (1, 6), (0, 5)]
ENDS = {0: 5, 1: 6, 2: 2, 3: 2}

_names = ("event_id", "partition", "pos", "user_id", "event_type", "envelope")
old_outbox = table("outbox", *map(column, _names), column("created_at", Moment()))


def event(number: int, partition: int, pos: int | None) -> dict[str, Any]:
    return {
        "event_id": f"event {number}",
        "partition": partition,
        "pos": pos,
        "user_id": str(number) if number % 3 else None,
        "event_type": "user_interaction",
        "envelope": f'{{"n": {number}}}',
        "created_at": MORNING,
    }


@contextmanager
def alembic(engine: Engine) -> Iterator[Config]:
    """The log's own migrations, in one transaction."""
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(HOME))
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", str(MIGRATIONS))
        config.attributes.update(connection=connection, metadata=metadata)
        yield config


def bring_to(engine: Engine, revision: str) -> None:
    with alembic(engine) as config:
        command.upgrade(config, revision)


def bring_back_to(engine: Engine, revision: str) -> None:
    with alembic(engine) as config:
        command.downgrade(config, revision)


def make_old_log(engine: Engine) -> None:
    bring_to(engine, BEFORE)
    with engine.begin() as connection:
        ensure_partitions(connection, PARTITIONS)
        for number, (last, published) in MARKS.items():
            connection.execute(
                update(partitions)
                .where(partitions.c.partition == number)
                .values(last_pos=last, published_pos=published)
            )
        rows = [event(number, *place) for number, place in enumerate(EVENTS)]
        connection.execute(insert(old_outbox), rows)


def expected(places: list[tuple[int, int]]) -> Rows:
    rows = [event(number, *place) for number, place in enumerate(places)]
    return sorted(rows, key=lambda row: (row["partition"], row["pos"]))


async def marks(database: Database) -> dict[int, tuple[int, int]]:
    rows = await rows_of(database, partitions)
    return {row["partition"]: (row["last_pos"], row["published_pos"]) for row in rows}


async def test_every_event_is_kept_and_what_waited_follows_in_its_order(
    empty_database: Database,
) -> None:
    make_old_log(empty_database.engine)
    bring_to(empty_database.engine, AFTER)
    await empty_database.open()
    assert await rows_of(empty_database, outbox) == expected(PLACES)
    # Published is what was published: the rest is still to be sent.
    assert await marks(empty_database) == {n: (ENDS[n], MARKS[n][1]) for n in ENDS}


async def test_positions_go_on_behind_the_old_ones(empty_database: Database) -> None:
    make_old_log(empty_database.engine)
    schema_of(()).upgrade(empty_database.engine)
    schema_of(()).verify(empty_database.engine)
    await empty_database.open()
    ends = dict(ENDS)
    for user_id in map(str, range(20)):
        committed = await new_commits(empty_database).commit(telling(user_id, user_id))
        partition = partition_of(user_id, PARTITIONS)
        ends[partition] += 1
        assert [entry.pos for entry in committed.events] == [ends[partition]]
    assert len(await rows_of(empty_database, outbox)) == len(EVENTS) + 20


async def test_back_and_forth_nothing_moves_and_what_came_between_follows(
    empty_database: Database,
) -> None:
    engine = empty_database.engine
    make_old_log(engine)
    bring_to(engine, AFTER)
    bring_back_to(engine, BEFORE)
    # The version before commits an event that its relay does not come to.
    with engine.begin() as connection:
        stored = connection.execute(select(old_outbox.c.event_id, old_outbox.c.pos)).all()
        connection.execute(insert(old_outbox), [event(len(EVENTS), 2, None)])
    places = {f"event {n}": pos for n, (_, pos) in enumerate(PLACES)}
    assert {row.event_id: row.pos for row in stored} == places
    bring_to(engine, AFTER)
    await empty_database.open()
    assert await rows_of(empty_database, outbox) == expected([*PLACES, (2, 3)])
    assert await marks(empty_database) == {n: (ENDS[n] + (n == 2), MARKS[n][1]) for n in ENDS}


async def test_what_was_handled_or_sent_is_blanked_and_what_waits_is_kept(
    empty_database: Database,
) -> None:
    bring_to(empty_database.engine, "log_0005")
    with empty_database.engine.begin() as connection:
        for number, state in enumerate(("waiting", "unreadable", "done", "failed")):
            row = {"bot_id": 1, "update_id": number, "partition": 0, "attempts": 0, "state": state}
            connection.execute(insert(updates), row | {"payload": "words", "received_at": MORNING})
        for number, state in enumerate(("waiting", "sent", "refused", "failed", "uncertain")):
            row = {"cause_id": "c", "n": number, "chat_id": 7, "method": "sendMessage"}
            rest = {"state": state, "payload": "words", "created_at": MORNING}
            connection.execute(insert(outgoing), row | rest)
    bring_to(empty_database.engine, "log_0006")
    await empty_database.open()
    left = await rows_of(empty_database, updates)
    assert [row["payload"] for row in left] == ["words", "words", BLANK, BLANK]
    left = await rows_of(empty_database, outgoing)
    assert [row["payload"] for row in left] == ["words", *[BLANK] * 4]
