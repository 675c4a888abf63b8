"""`yabot dlq` beside a running worker, as an operator types it."""

import json
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from tests.bus.dead_letters.mending import Mendable, poisoned, until_states
from tests.bus.process import Process, effects, poke, settled
from tests.cli.operator import Operator
from tests.e2e.programs import NewProgram
from tests.storage.dumps import rows_of
from tests.storage.fixtures import NewDatabase
from tests.waiting import until
from yabot.log.tables import audit_log

pytestmark = pytest.mark.criterion("2.3.2")


@pytest.fixture
def handler() -> Mendable:
    return Mendable()


@pytest.fixture
async def process(
    new_database: NewDatabase, redis: Redis, handler: Mendable
) -> AsyncIterator[Process]:
    async with poisoned(new_database, redis, handler.subscriber(late="apply")) as running:
        yield running


@pytest.fixture
def operator(process: Process, new_program: NewProgram) -> Operator:
    return Operator(new_program, process.database)


async def test_an_operator_looks_mends_and_tries_again(
    process: Process, operator: Operator, handler: Mendable
) -> None:
    code, said, _ = await operator.types("dlq", "list")
    assert (code, said) == (0, "There are no dead letters.\n")
    await poke(process.commits, "7", "before", "poison 1", "poison 2", "after")
    await until(lambda: settled(process.database))

    code, said, _ = await operator.types("dlq", "list")
    heading, line = said.splitlines()
    assert heading.split() == ["CONSUMER", "EVENT", "ERROR", "LETTERS", "OLDEST", "NEWEST", "IDS"]
    assert line.split()[:4] == ["toy", "toy_poked", "toy_poison", "2"]
    assert line.split()[-2:] == ["1", "2"]
    (group,) = (await operator.reads("dlq", "list"))["groups"]
    assert (group["letters"], group["ids"]) == (2, [1, 2])
    assert group["first_failed_at"].endswith("Z")

    code, said, _ = await operator.types("dlq", "show", "1")
    assert "error         toy_poison: it is poison" in said
    assert '"word": "poison 1"' in said
    assert "Before it, of about toy_poked:7:before:poison 1:poison 2:after:" in said
    shown = await operator.reads("dlq", "show", "2")
    assert (shown["state"], shown["attempts"], shown["note"]) == ("dead", 1, None)
    assert [event["payload"]["word"] for event in shown["before"]] == ["before", "poison 1"]

    handler.mend()
    code, said, _ = await operator.types("dlq", "retry", "1", "2")
    assert code == 0
    assert said.startswith("2 dead letters will be tried again.")
    await until_states(process.database, "resolved", "resolved")
    assert await effects(process.database) == {"7": ["before", "after", "poison 1", "poison 2"]}
    assert await operator.reads("dlq", "list", "--state", "resolved") == {
        "state": "resolved",
        "groups": [{**group, "ids": [1, 2]}],
    }
    (audited,) = [
        json.loads(row["details"])
        for row in await rows_of(process.database, audit_log)
        if row["kind"] == "dead_letters_retried"
    ]
    assert audited["letters"] == [1, 2]
    assert audited["by"].startswith("command line")


async def test_a_whole_group_at_a_rate(
    process: Process, operator: Operator, handler: Mendable
) -> None:
    for user in ("7", "8", "9"):
        await poke(process.commits, user, "poison")
    await until(lambda: settled(process.database))
    handler.mend()
    selection = ("--type", "toy_poked", "--error", "toy_poison", "--consumer", "toy")
    code, said, told = await operator.types("dlq", "retry", *selection, "--rate", "2", "--json")
    assert (code, json.loads(said)) == (0, {"retried": [1, 2, 3], "skipped": []})
    assert told.splitlines() == ["2 of 3", "3 of 3"]
    await until_states(process.database, *["resolved"] * 3)
    code, said, _ = await operator.types("dlq", "retry", *selection)
    assert (code, said) == (0, "No dead letter matches; nothing was changed.\n")


async def test_giving_up_wants_a_note(process: Process, operator: Operator) -> None:
    await poke(process.commits, "7", "poison")
    await until(lambda: settled(process.database))
    assert (await operator.types("dlq", "discard", "1"))[0] == 2
    assert (await operator.types("dlq", "discard", "1", "--note", "  "))[0] == 2
    code, said, _ = await operator.types("dlq", "discard", "1", "--note", "from a test")
    assert (code, said) == (0, "1 dead letter discarded.\n")
    assert "note          from a test" in (await operator.types("dlq", "show", "1"))[1]
    code, _, told = await operator.types("dlq", "retry", "1")
    assert (code, told) == (
        1,
        "nothing was changed, for this cannot be done: 1 has been discarded",
    )
    await poke(process.commits, "7", "after")
    await until(lambda: settled(process.database))


async def test_what_is_not_there_is_said_in_a_sentence(
    process: Process, operator: Operator
) -> None:
    code, _, told = await operator.types("dlq", "show", "5")
    assert (code, told) == (
        1,
        "no dead letter has the id 5; `yabot dlq list` shows which there are",
    )
    code, _, told = await operator.types("dlq", "retry", "5", "6")
    assert (code, told) == (
        1,
        "no dead letter has the id 5 or 6; `yabot dlq list` shows which there are",
    )
    for wrong in ((), ("1", "--type", "toy_poked")):
        code, _, told = await operator.types("dlq", "retry", *wrong)
        assert code == 2
        assert "name either ids, or what all of them have in common" in " ".join(told.split())


def test_where_no_database_is_none_is_made(new_program: NewProgram) -> None:
    program = new_program("dlq", "list")
    assert program.run() == 1
    (told,) = program.sentences
    assert told.startswith(f"there is no database at {program.data / 'yabot.db'} yet")
    assert not program.data.exists()


def test_a_database_without_tables_is_told_what_to_do(new_program: NewProgram) -> None:
    program = new_program("dlq", "list")
    program.data.mkdir()
    (program.data / "yabot.db").touch()
    assert program.run() == 1
    assert program.sentences == [
        "SQLite does not have the tables of this version; `yabot db upgrade` brings them"
    ]


def test_a_database_that_does_not_answer_is_named(
    new_program: NewProgram, unused_tcp_port_factory: Callable[[], int]
) -> None:
    port = unused_tcp_port_factory()
    address = f"postgresql://ana:hush-hush@127.0.0.1:{port}/yabot"
    program = new_program("dlq", "list", DATABASE_URL=address, SQL_TIMEOUT_MS="500")
    assert program.run() == 1
    assert program.sentences[0].startswith("PostgreSQL is not available: ")
    assert "hush-hush" not in program.errors
