"""What operators see of dead letters, and what they do with them."""

import asyncio
import json
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from sqlalchemy import Connection, update

from tests.bus.dead_letters.mending import Mendable, Poison, poisoned, states
from tests.bus.dead_letters.operating import discard, retry
from tests.bus.dead_letters.putting import put
from tests.bus.process import Poked, Process, Tickled, letters, poke, poking, settled, toy
from tests.log.units import MORNING
from tests.storage.dumps import rows_of
from tests.storage.fixtures import NewDatabase, redis_away
from tests.waiting import until
from yabot.bus.dead_letters.correlated import MOST_RECENT, correlated_before
from yabot.bus.dead_letters.letters import Selection
from yabot.bus.dead_letters.service import (
    DISCARDABLE,
    RETRIABLE,
    DeadLetters,
    DeadLetterState,
    DeadLetterUnknown,
)
from yabot.events.envelope import Envelope
from yabot.log.commit_log import CommitLog
from yabot.log.tables import audit_log, outbox
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.relational.database import Database
from yabot.subscriber import Event


@pytest.fixture
def service(database: Database) -> DeadLetters:
    return DeadLetters(database)


@pytest.mark.criterion("2.3.2", "2.3.3")
async def test_letters_are_counted_by_consumer_type_and_error(
    database: Database, service: DeadLetters
) -> None:
    often = ("pay", "toy_poked", "timeout", "dead")
    await put(
        database,
        *[often] * 7,
        ("pay", "toy_poked", "refused", "dead"),
        ("hint", "toy_poked", "timeout", "dead"),
        ("pay", "toy_poked", "timeout", "retrying"),
        ("pay", "toy_poked", "timeout", "discarded"),
    )
    largest, *others = await service.groups()
    assert (largest.consumer, largest.event_type, largest.error_code) == often[:3]
    assert (largest.letters, largest.ids) == (7, (1, 2, 3, 4, 5))
    assert largest.first_failed_at == MORNING + timedelta(minutes=1)
    assert largest.last_failed_at == MORNING + timedelta(minutes=7, seconds=30)
    assert [(each.consumer, each.error_code, each.ids) for each in others] == [
        ("hint", "timeout", (9,)),
        ("pay", "refused", (8,)),
    ]
    (retrying,) = await service.groups("retrying")
    assert retrying.ids == (10,)
    assert await service.groups("resolved") == []


async def test_a_selection_takes_what_agrees_with_all_that_it_names(
    database: Database, service: DeadLetters
) -> None:
    await put(
        database,
        ("pay", "toy_poked", "timeout", "dead"),
        ("pay", "toy_poked", "refused", "dead"),
        ("pay", "toy_tickled", "timeout", "dead"),
        ("hint", "toy_poked", "timeout", "dead"),
        ("pay", "toy_poked", "timeout", "retry"),
        ("pay", "toy_poked", "timeout", "resolved"),
    )

    async def selected(*states: str, **named: str) -> list[int]:
        return await service.select(Selection(**named), RETRIABLE if not states else DISCARDABLE)

    assert await selected(event_type="toy_poked") == [1, 2, 4]
    assert await selected(event_type="toy_poked", error_code="timeout") == [1, 4]
    assert await selected(event_type="toy_poked", error_code="timeout", consumer="pay") == [1]
    assert await selected("discardable", consumer="pay", error_code="timeout") == [1, 3, 5]
    assert await selected(consumer="nobody") == []


async def test_a_retry_marks_what_is_dead_and_is_audited(database: Database) -> None:
    kind = ("pay", "toy_poked", "timeout")
    await put(database, (*kind, "dead"), (*kind, "discarded"), (*kind, "dead"))
    assert await retry(database, [1, 2, 3, 9]) == [1, 3]
    assert await states(database) == ["retry", "discarded", "retry"]
    (audited,) = await rows_of(database, audit_log)
    assert audited["kind"] == "dead_letters_retried"
    assert json.loads(audited["details"]) == {"letters": [1, 3], "by": "ana"}
    assert await retry(database, [1]) == []
    assert len(await rows_of(database, audit_log)) == 1


async def test_a_discard_keeps_its_note_and_is_audited(
    database: Database, service: DeadLetters
) -> None:
    kind = ("pay", "toy_poked", "timeout")
    await put(database, (*kind, "dead"), (*kind, "retry"), (*kind, "retrying"))
    assert await discard(database, [1, 2, 3], "a test's") == [1, 2]
    assert await states(database) == ["discarded", "discarded", "retrying"]
    assert (await service.get(1)).note == "a test's"
    assert (await service.get(3)).note is None
    (audited,) = await rows_of(database, audit_log)
    assert audited["kind"] == "dead_letters_discarded"
    assert json.loads(audited["details"]) == {
        "letters": [1, 2],
        "by": "ana",
        "note": "a test's",
    }


async def test_those_who_want_the_same_letters_at_once_get_each_once(database: Database) -> None:
    await put(database, *[("pay", "toy_poked", "timeout", "dead")] * 30)
    wanted = ([1, 2, 3], [3, 4, 5], [*range(5, 31)], [*range(1, 31)])
    done = await asyncio.gather(*(retry(database, ids) for ids in wanted))
    assert sorted(each for ids in done for each in ids) == [*range(1, 31)]
    assert set(await states(database)) == {"retry"}
    told = [json.loads(row["details"])["letters"] for row in await rows_of(database, audit_log)]
    assert sorted(told) == sorted(ids for ids in done if ids)


async def test_the_newest_come_first_page_by_page(database: Database, service: DeadLetters) -> None:
    kind = ("pay", "toy_poked", "timeout")
    await put(database, (*kind, "dead"), (*kind, "resolved"), (*kind, "dead"), (*kind, "retry"))
    first = await service.newest(Selection(), ("dead", "retry"), most=2)
    assert [each.id for each in first] == [4, 3]
    assert [each.id for each in await service.newest(Selection(), ("dead",), 2, below=3)] == [1]
    assert await service.newest(Selection(consumer="hint"), ("dead",), 2) == []


async def test_what_cannot_be_done_is_said_and_nothing_is_changed(
    database: Database, service: DeadLetters
) -> None:
    kind = ("pay", "toy_poked", "timeout")
    await put(database, (*kind, "dead"), (*kind, "retrying"), (*kind, "resolved"))
    with pytest.raises(DeadLetterUnknown, match="no dead letter has the id 8 or 9; `yabot dlq"):
        await service.require([1, 8, 9], RETRIABLE)
    with pytest.raises(DeadLetterUnknown, match="the id 9"):
        await service.get(9)
    told = "2 is still being tried by itself, 3 has been resolved"
    with pytest.raises(DeadLetterState, match=told):
        await service.require([1, 2, 3], RETRIABLE)
    await service.require([1], RETRIABLE)


@pytest.mark.criterion("2.3.2")
async def test_a_letter_shows_its_event_and_what_led_to_it(
    new_database: NewDatabase, redis: Redis
) -> None:
    """An update's events, and those that a subscriber made of one of them, on another user too."""

    async def answer(event: Event[Poked], work: UnitOfWork) -> None:
        if event.payload.word == "cause":
            work.publish(Tickled(word="sibling of another user"), "8")
            work.publish(Tickled(word="poison"), event.user_id)
            work.publish(Tickled(word="later"), event.user_id)

    weak = Mendable().subscriber("weak", Tickled)
    async with poisoned(new_database, redis, toy(answer), weak) as process:
        await poke(process.commits, "7", "another correlation")
        await process.commits.commit(poking("7", "first", "cause"))
        await until(lambda: settled(process.database))
        service = DeadLetters(process.database)
        letter = await service.get(1)
        before = await service.before(letter)
    assert (letter.state, letter.consumer, letter.group) == ("dead", "weak", "test")
    assert (letter.error_code, letter.error, letter.attempts) == (Poison.code, "it is poison", 1)
    assert letter.envelope.payload == {"word": "poison"}
    assert letter.envelope.correlation_id == "about toy_poked:7:first:cause"
    assert [each.payload["word"] for each in before] == [
        "first",
        "cause",
        "sibling of another user",
    ]


async def test_an_old_cause_is_found_by_the_chain_of_causes(
    database: Database, commits: CommitLog
) -> None:
    """Further back than the look at everything of the same correlation reaches."""
    process = Process(database, redis_away(), {})
    (cause,) = (await poke(process.commits, "7", "long ago")).events
    (other,) = (await poke(process.commits, "8", "of the same correlation, long ago")).events
    old = Envelope.model_validate_json(cause.envelope)
    work = UnitOfWork(Cause("test", old.event_id, old.correlation_id))
    work.publish(Poked(word="poison"), "7")
    (late,) = (await process.commits.commit(work)).events
    event = Envelope.model_validate_json(late.envelope)
    hours_later = event.model_copy(
        update={
            "event_id": f"ffff{event.event_id[4:]}",
            "timestamp": event.timestamp + timedelta(hours=5),
        }
    )
    found = await database.read(correlated_before(hours_later))
    assert [each.payload["word"] for each in found] == ["long ago"]
    assert other.pos


async def test_discarding_holds_nothing_up(new_database: NewDatabase, redis: Redis) -> None:
    async with poisoned(new_database, redis, Mendable().subscriber()) as process:
        await poke(process.commits, "7", "poison", "after")
        await until(lambda: settled(process.database))
        assert await discard(process.database, [1], "not needed") == [1]
        await poke(process.commits, "7", "and on")
        await until(lambda: settled(process.database))
        (letter,) = await letters(process.database)
        assert letter["state"] == "discarded"


async def test_other_services_ids_tell_no_time(database: Database) -> None:
    """They may be any UUID: here the first event's is the greater one."""
    process = Process(database, redis_away(), {})
    first = await _of_another_service(process, "first", "f0000000-0000-4000-8000-000000000000")
    second = await _of_another_service(process, "second", "00000000-0000-4000-8000-000000000000")
    assert await database.read(correlated_before(first)) == []
    assert await database.read(correlated_before(second)) == [first]


@pytest.mark.parametrize("ours", [True, False])
async def test_of_a_long_correlation_the_end_is_shown(database: Database, ours: bool) -> None:
    """Another service may give all its events the same one."""
    process = Process(database, redis_away(), {})
    words = [f"{n}" for n in range(MOST_RECENT + 50)]
    entries = (await poke(process.commits, "7", *words)).events
    events = [Envelope.model_validate_json(entry.envelope) for entry in entries]
    last = events[-1]
    if not ours:
        last = last.model_copy(update={"event_id": "00000000-0000-4000-8000-000000000000"})
    found = await database.read(correlated_before(last))
    # Of another service's id nobody can say that it is the last one's.
    expected = [*words[:-1]][-MOST_RECENT:] if ours else words[-MOST_RECENT:]
    assert [each.payload["word"] for each in found] == expected


async def _of_another_service(process: Process, word: str, event_id: str) -> Envelope:
    """In the log, as if it had come from there."""
    (entry,) = (await poke(process.commits, "7", word)).events
    ours = Envelope.model_validate_json(entry.envelope)
    theirs = ours.model_copy(update={"event_id": event_id, "correlation_id": "theirs"})
    values = {"event_id": event_id, "envelope": theirs.to_json()}
    rename = update(outbox).where(outbox.c.event_id == ours.event_id).values(values)

    def put(connection: Connection) -> None:
        connection.execute(rename)

    await process.database.write(put)
    return theirs
