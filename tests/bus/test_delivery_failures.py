"""What a handler may do wrong: its event is tried again or given up, and nobody else waits."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import BaseModel
from redis.asyncio import Redis
from sqlalchemy import Connection, update

from tests.bus.process import (
    Calls,
    Poked,
    Process,
    effects,
    letters,
    poke,
    poking,
    running,
    settled,
    toy,
)
from tests.cancelling import await_what_is_cancelled
from tests.log.units import holding
from tests.storage.dumps import events_of, rows_of
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE, until
from yabot.bus.dead_letters.failures import Case, failed
from yabot.bus.groups.delivery import ATTEMPTS, IN_FLIGHT, Delivery
from yabot.bus.groups.pace import Pace
from yabot.errors import LeaseLost, StoreUnavailable, TerminalError
from yabot.events.envelope import Envelope
from yabot.log.lease import Lease
from yabot.log.tables import outbox, partitions
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database, Statement
from yabot.subscriber import Event

TOKEN = "7234258453:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


class Broken(TerminalError):
    code = "toy_broken"


class Form(BaseModel):
    age: int


def failing_on(word: str, error: Exception, calls: Calls) -> Any:
    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if event.payload.word == word:
            raise error

    return handle


def dead(database: Database, number: int = 1) -> Callable[[], Awaitable[bool]]:
    async def are_there() -> bool:
        found = [row for row in await letters(database) if row["state"] == "dead"]
        return len(found) == number

    return are_there


@pytest.mark.criterion("2.3.2")
async def test_a_terminal_error_is_a_dead_letter_at_once_and_the_lane_goes_on(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    subscriber = toy(failing_on("poison", Broken("it is poison"), calls))
    async with running(new_database, redis, subscriber) as process:
        await poke(process.commits, "7", "before", "poison", "after")
        await until(lambda: settled(process.database))
        (letter,) = await letters(process.database)
        assert await effects(process.database) == {"7": ["before", "after"]}
    assert calls["poison"] == 1
    assert (letter["state"], letter["attempts"], letter["user_id"]) == ("dead", 1, "7")
    assert (letter["consumer"], letter["group_name"]) == ("toy", "test")
    assert (letter["error_code"], letter["error"]) == ("toy_broken", "it is poison")
    assert Envelope.model_validate_json(letter["envelope"]).payload == {"word": "poison"}


async def test_what_could_not_be_stored_is_the_handlers_mistake(
    new_database: NewDatabase, redis: Redis
) -> None:
    async def keep_too_much(event: Event[Poked], work: UnitOfWork) -> None:
        if event.payload.word == "too much":
            work.absorb(holding("any", {"number": 2**63}))

    async with running(new_database, redis, toy(keep_too_much)) as process:
        await poke(process.commits, "7", "too much", "after")
        await until(lambda: settled(process.database))
        (letter,) = await letters(process.database)
        assert await effects(process.database) == {"7": ["after"]}
    assert (letter["attempts"], letter["error_code"]) == (1, "document_invalid")


@pytest.mark.criterion("2.3.2")
async def test_what_fails_again_and_again_is_given_up_and_told(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    subscriber = toy(failing_on("poison", RuntimeError("no luck"), calls))
    async with running(new_database, redis, subscriber) as process:
        await poke(process.commits, "7", "poison", "after")
        await until(dead(process.database))
        await until(lambda: settled(process.database))
        (letter,) = await letters(process.database)
        (*_, told) = await events_of(process.database, "7")
        assert await effects(process.database) == {"7": ["after"]}
    assert calls["poison"] == letter["attempts"] == ATTEMPTS
    assert letter["error_code"] == "RuntimeError"
    assert letter["error"].startswith("RuntimeError at ")
    envelope = Envelope.model_validate_json(told["envelope"])
    assert envelope.event_type == "event_processing_failed"
    assert envelope.correlation_id == "about toy_poked:7:poison:after"
    assert envelope.payload == {
        "original_event_id": letter["event_id"],
        "original_event_type": "toy_poked",
        "error": "RuntimeError",
        "consumer": "toy",
    }


async def test_a_failure_that_passes_leaves_no_letter_and_no_event(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()

    async def third_time_lucky(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if calls[event.payload.word] < 3:
            raise RuntimeError("not yet")

    async with running(new_database, redis, toy(third_time_lucky)) as process:
        await poke(process.commits, "7", "a", "b")
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["a", "b"]}
        assert await letters(process.database) == []
        assert {row["event_type"] for row in await rows_of(process.database, outbox)} == {
            "toy_poked"
        }


async def test_other_users_never_wait_and_the_own_events_keep_their_order(
    new_database: NewDatabase, redis: Redis
) -> None:
    free = asyncio.Event()

    async def wait_for_the_slow(event: Event[Poked], work: UnitOfWork) -> None:
        if event.payload.word == "slow":
            await free.wait()

    async with running(new_database, redis, toy(wait_for_the_slow)) as process:
        await poke(process.commits, "7", "slow", "behind")
        for n in range(50):
            await poke(process.commits, str(n + 100), f"quick {n}")

        async def all_others() -> bool:
            return len(await effects(process.database)) == 50

        await until(all_others)
        assert "7" not in await effects(process.database)
        free.set()
        await until(lambda: settled(process.database))
        assert (await effects(process.database))["7"] == ["slow", "behind"]


async def test_many_who_are_to_be_tried_again_hold_up_nobody_else(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    sick = IN_FLIGHT + 10

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if event.payload.word == "sick" and calls["healthy"] == 0:
            # It uses up no attempt: however long the healthy one takes, nobody is given up.
            raise StoreUnavailable("MongoDB", "not before the healthy one")

    async with running(new_database, redis, toy(handle)) as process:
        await asyncio.gather(*(poke(process.commits, f"sick {n}", "sick") for n in range(sick)))

        async def all_have_failed() -> bool:
            return calls["sick"] >= sick

        await until(all_have_failed)
        await poke(process.commits, "7", "healthy")
        await until(lambda: settled(process.database))
        assert len(await effects(process.database)) == sick + 1
        assert await letters(process.database) == []


@pytest.mark.criterion("2.3.2")
async def test_a_handler_that_hangs_is_cut_off(new_database: NewDatabase, redis: Redis) -> None:
    async def hang(event: Event[Poked], work: UnitOfWork) -> None:
        if event.payload.word == "hang":
            await asyncio.Event().wait()

    async with running(new_database, redis, toy(hang, timeout=0.05)) as process:
        await poke(process.commits, "7", "hang", "after")
        await until(lambda: settled(process.database))
        (letter,) = await letters(process.database)
        assert await effects(process.database) == {"7": ["after"]}
    assert letter["attempts"] == ATTEMPTS
    assert (letter["error_code"], letter["error"]) == (
        "HandlerTimedOut",
        "no decision within 0.05 s",
    )


async def test_an_event_whose_failure_sql_refuses_to_note_is_settled_when_that_is_mended(
    new_sqlite: NewDatabase, redis: Redis
) -> None:
    """As an operator's trigger may; nobody else waits for it, and no new start is needed."""
    calls = Calls()
    subscriber = toy(failing_on("poison", Broken("it is poison"), calls))
    async with running(new_sqlite, redis, subscriber) as process:
        await process.database.write(refuse_letters)
        await poke(process.commits, "7", "poison", "after")
        await poke(process.commits, "8", "another's")

        async def is_tried_again() -> bool:
            return calls["poison"] > 1 and calls["another's"] == 1

        await until(is_tried_again)
        await process.database.write(refuse_letters_no_more)
        await until(lambda: settled(process.database))
        assert [letter["state"] for letter in await letters(process.database)] == ["dead"]
        assert await effects(process.database) == {"7": ["after"], "8": ["another's"]}


def refuse_letters(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TRIGGER refusing BEFORE INSERT ON dead_letters BEGIN SELECT RAISE(ABORT, 'no'); END"
    )


def refuse_letters_no_more(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TRIGGER refusing")


async def test_a_handler_whose_own_task_is_cancelled_has_failed_like_any_other(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if calls["cancelled"] == 1:
            await await_what_is_cancelled()

    async with running(new_database, redis, toy(handle)) as process:
        await poke(process.commits, "7", "cancelled", "after")
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["cancelled", "after"]}
    assert calls["cancelled"] == 2


@pytest.mark.parametrize(
    ("changed", "code", "told"),
    [
        ({"version": 2}, "invalid_input", "knows toy_poked up to 1"),
        ({"payload": {"word": 5}}, "ValidationError", "Poked: string_type"),
        ({"payload": {}}, "ValidationError", "Poked: missing"),
        ({"payload": {"word": "x", "new": 1}}, "ValidationError", "Poked: extra_forbidden"),
    ],
    ids=["a future version", "a wrong type", "a missing field", "an unknown field"],
)
async def test_an_event_that_this_version_cannot_read_is_a_dead_letter_at_once(
    new_database: NewDatabase, redis: Redis, changed: dict[str, Any], code: str, told: str
) -> None:
    """Another version of the program has published it."""
    calls = Calls()
    process = Process(new_database(), redis, {"test": [toy(calls.note)]})
    await process.start()
    await until(lambda: settled(process.database))
    await process.worker.stop()
    (entry,) = (await poke(process.commits, "7", "foreign")).events
    await poke(process.commits, "7", "after")
    envelope = Envelope.model_validate_json(entry.envelope).model_copy(update=changed)
    await process.database.write(_replace(envelope))
    await process.stop()

    async with running(new_database, redis, toy(calls.note)) as process:
        await until(lambda: settled(process.database))
        (letter,) = await letters(process.database)
        assert await effects(process.database) == {"7": ["after"]}
    assert (letter["state"], letter["attempts"], letter["error_code"]) == ("dead", 1, code)
    assert told in letter["error"]


async def test_a_type_that_nobody_here_knows_is_passed_over(
    new_database: NewDatabase, redis: Redis
) -> None:
    """Another version's, too: no subscriber of this one has asked for it."""
    process = Process(new_database(), redis, {"test": [toy()]})
    await process.start()
    await until(lambda: settled(process.database))
    await process.worker.stop()
    (entry,) = (await poke(process.commits, "7", "foreign")).events
    await poke(process.commits, "7", "after")
    envelope = Envelope.model_validate_json(entry.envelope)
    await process.database.write(_replace(envelope.model_copy(update={"event_type": "unheard_of"})))
    await process.stop()
    async with running(new_database, redis, toy()) as process:
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["after"]}
        assert await letters(process.database) == []


@pytest.mark.criterion("sec.4")
async def test_what_is_kept_of_an_error_is_short_and_holds_no_secret_and_no_value(
    new_database: NewDatabase, redis: Redis
) -> None:
    def duplicate(connection: Connection) -> None:
        row = {"partition": 0, "last_pos": 314159, "published_pos": 0}
        connection.execute(partitions.insert(), row)

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        match event.payload.word:
            case "secret":
                raise Broken(f"GET http://127.0.0.1/bot{TOKEN}/getMe: password=hush {'x' * 900}")
            case "model":
                Form.model_validate({"age": "Ana Ruiz"})
            case "unstorable":
                raise Broken("a zero \0 and half a pair \ud83d")
            case "statement":
                work.add(duplicate)

    async with running(new_database, redis, toy(handle)) as process:
        await poke(process.commits, "7", "secret", "model", "unstorable", "statement")
        await until(lambda: settled(process.database))
        secret, model, unstorable, statement = await letters(process.database)
    assert len(secret["error"]) == 500
    assert TOKEN not in secret["error"]
    assert "hush" not in secret["error"]
    assert secret["error"].startswith("GET http://127.0.0.1/bot***/getMe: password=***")
    assert model["error"].startswith("pydantic_core.ValidationError: Form: int_parsing")
    assert "Ana" not in model["error"]
    assert unstorable["error"] == "a zero \ufffd and half a pair ?"
    assert statement["attempts"] == ATTEMPTS
    assert "314159" not in statement["error"]
    assert "partitions" in statement["error"]


async def test_an_event_about_nobody_is_handled_like_any_other(
    new_database: NewDatabase, redis: Redis
) -> None:
    subscriber = toy(failing_on("poison", Broken("no"), Calls()))
    async with running(new_database, redis, subscriber) as process:
        await process.commits.commit(poking(None, "poison", "after"))
        await until(lambda: settled(process.database))
        (letter,) = await letters(process.database)
        assert await effects(process.database) == {None: ["after"]}
    assert letter["user_id"] is None


def _replace(envelope: Envelope) -> Statement[None]:
    values = {"event_type": envelope.event_type, "envelope": envelope.to_json()}
    statement = update(outbox).where(outbox.c.event_id == envelope.event_id).values(values)

    def replace(connection: Connection) -> None:
        assert connection.execute(statement).rowcount == 1

    return replace


def case_of(envelope: Envelope, lease: Lease | None = None) -> Case:
    return Case(toy(), "test", 0, envelope, lease)


def lease_of(check: Statement[None] | None = None) -> Lease:
    lease = Lease(
        0, 1, check, orphaned=False, until=math.inf, now=lambda: 0.0, on_idle=lambda: None
    )
    lease.open()
    return lease


async def test_a_pause_ends_when_the_partition_is_to_be_anothers(
    new_database: NewDatabase, redis: Redis
) -> None:
    """The heir tries it again as soon as it has it."""
    asked = asyncio.Event()

    async def need_a_store(_event: Event[Poked], _work: UnitOfWork) -> None:
        asked.set()
        raise StoreUnavailable("MongoDB", "it is away")

    process, lease = Process(new_database(), redis, {}), lease_of()
    await process.database.open()
    (entry,) = (await poke(process.commits, "7", "stuck")).events
    envelope = Envelope.model_validate_json(entry.envelope)
    case = Case(toy(need_a_store), "test", 0, envelope, lease)
    patient = Delivery(process.commits, lambda _dead: None, Pace(first_pause=10 * PATIENCE))
    delivering = asyncio.create_task(patient.deliver(case))
    await asked.wait()
    lease.close()
    with pytest.raises(LeaseLost):
        async with asyncio.timeout(PATIENCE):
            await delivering
    await process.stop()


async def test_a_process_that_has_lost_its_partition_notes_no_failure(
    new_database: NewDatabase, redis: Redis
) -> None:
    """Its successor may have settled the event: nobody would take that failure up again."""

    def lost(_connection: Connection) -> None:
        raise LeaseLost("another process works there")

    process = Process(new_database(), redis, {})
    await process.database.open()
    (entry,) = (await poke(process.commits, "7", "poison")).events
    envelope = Envelope.model_validate_json(entry.envelope)
    late = failed(case_of(envelope, lease_of(lost)), RuntimeError("no"), state="retrying")
    with pytest.raises(LeaseLost):
        await process.database.write(late)
    assert await letters(process.database) == []
    await process.stop()


async def test_a_failure_that_is_noted_too_late_changes_nothing(
    new_database: NewDatabase, redis: Redis
) -> None:
    process = Process(new_database(), redis, {})
    await process.database.open()
    (entry,) = (await poke(process.commits, "7", "poison")).events
    case = case_of(Envelope.model_validate_json(entry.envelope))
    await process.database.write(failed(case, Broken("for good"), state="dead"))
    settled_letter = await letters(process.database)
    await process.database.write(failed(case, RuntimeError("late"), state="retrying"))
    assert await letters(process.database) == settled_letter
    await process.stop()
