"""Whatever is written to the stream, what follows it is taken in, and operators see what it was."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import AfterValidator
from redis.asyncio import Redis
from sqlalchemy import text

from tests.bus.dead_letters.operating import discard, retry
from tests.bus.inbound.service import (
    AWARD,
    REACTION,
    Sent,
    audits,
    logged,
    look,
    new_sequencer,
    sequence,
    sequencing,
    settle,
    taken_in,
    write,
)
from tests.storage.dumps import Rows, rows_of
from tests.storage.fixtures import PARTITIONS, new_commits
from tests.storage.meanwhile import Meanwhile
from tests.waiting import PATIENCE, until
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.bus.dead_letters.service import DeadLetters
from yabot.bus.inbound.refusals import MOST_A_MINUTE, MOST_LETTERS
from yabot.bus.inbound.stream import ASIDE, INBOUND
from yabot.bus.tables import dead_letters
from yabot.clock import rfc3339, utc_now
from yabot.events.catalog import Catalog
from yabot.events.envelope import EventPayload
from yabot.events.failures import FAILURE_EVENTS
from yabot.events.operations import UserInteraction
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database


def changed(**values: Any) -> dict[str, bytes]:
    """A good envelope but for these."""
    return {"event": json.dumps(REACTION.envelope | values).encode()}


def waved(how_often: Any) -> dict[str, bytes]:
    payload = {"action": "waved", "context": {"how_often": how_often}}
    return changed(event_type="user_interaction", payload=payload)


def took(duration: str) -> dict[str, bytes]:
    payload = {"operation": "wave", "outcome": "ok", "duration_ms": duration}
    return changed(event_type="operation_completed", payload=payload)


def subscribed(until: str) -> dict[str, bytes]:
    term = {"start_date": "2026-11-02T12:00:00Z", "end_date": until}
    payload = {"plan_type": "vip", "status": "active", **term}
    return changed(event_type="subscription_updated", payload=payload)


TO_COME = rfc3339(utc_now() + timedelta(days=1))
GARBAGE = [
    pytest.param({"evnt": b"{}"}, "no field 'event'", id="no event"),
    pytest.param({"event": b""}, "Invalid JSON", id="nothing"),
    pytest.param({"event": b"\xff\xfe\x00"}, "Invalid JSON", id="no text"),
    pytest.param({"event": b"[1, 2]"}, "event: Input should be an object", id="no object"),
    pytest.param({"event": b"[" * 5000}, "Invalid JSON", id="a deep hole"),
    pytest.param({"event": b" " * 70_000}, "70000 bytes", id="too much"),
    pytest.param({"event": b"{}"}, "event_id: Field required", id="empty"),
    pytest.param(changed(event_id="7"), "event_id", id="an id that is none"),
    pytest.param(changed(event_type="Reaction!\0"), "event_type", id="a type that is none"),
    pytest.param(changed(event_type="unheard_of"), "none of this name", id="a new type"),
    pytest.param(changed(version=9), "knows reaction_detected up to 1", id="a new version"),
    pytest.param(changed(version="1"), "version: Input should be a valid int", id="no number"),
    pytest.param(changed(version=-1), "version: it counts from 1", id="below versions"),
    pytest.param(took("NaN"), "duration_ms: Input should be a finite", id="no number in a text"),
    pytest.param(waved(float("nan")), "a number in it is none", id="not a number"),
    pytest.param(waved([{"far": float("inf")}]), "a number in it is none", id="infinity"),
    pytest.param({"event": waved(0)["event"].replace(b"0}}", b"1e999}}")}, "too large", id="big"),
    pytest.param(changed(user_id="7\0"), "user_id", id="a zero character"),
    pytest.param(changed(user_id=None), "user_id: reaction_detected is about", id="no user"),
    pytest.param(changed(correlation_id="x" * 129), "correlation_id", id="a long id"),
    pytest.param(changed(sequence=3), "sequence", id="a sequence"),
    pytest.param(changed(payload={}), "payload.content_id: Field required", id="no payload"),
    pytest.param(changed(payload={"\0": 1}), "payload", id="a field that nobody can store"),
    pytest.param(changed(timestamp="2026-11-02T12:00:00"), "no time zone", id="no time zone"),
    pytest.param(changed(timestamp=1795000000), "timestamp", id="a number for a time"),
    pytest.param(changed(timestamp="1999-01-01T00:00:00Z"), "is before", id="long ago"),
    pytest.param(changed(timestamp=TO_COME), "is to come", id="to come"),
    pytest.param(changed(timestamp="0001-01-01T00:00:00+05:00"), "no such", id="before time"),
    pytest.param(changed(timestamp="9999-12-31T23:59:59-05:00"), "no such", id="after time"),
    pytest.param(subscribed("9999-12-31T23:59:59-05:00"), "end_date: there is no", id="never"),
    pytest.param(subscribed("0001-01-01T00:00:00+05:00"), "end_date: there is no", id="no year"),
]


async def letters(database: Database) -> Rows:
    return await rows_of(database, dead_letters)


@pytest.mark.criterion("2.3.2")
@pytest.mark.parametrize(("fields", "error"), GARBAGE)
async def test_garbage_becomes_a_dead_letter_and_holds_nothing_up(
    database: Database,
    commits: CommitLog,
    redis: Redis,
    fields: Mapping[str, bytes],
    error: str,
) -> None:
    for name, value in fields.items():
        await redis.xadd(INBOUND, {name: value})
    await sequence(commits, redis, AWARD)
    assert await taken_in(database, [AWARD]) == ["award"]
    (row,) = await letters(database)
    assert (row["consumer"], row["state"]) == ("inbound", "dead")
    assert error in row["error"]
    shown = await DeadLetters(database).get(row["id"])
    assert shown.envelope.event_type == row["event_type"]
    (failure,) = [e for e in await logged(database) if e["event_type"] == "event_processing_failed"]
    assert failure["payload"]["consumer"] == "inbound"
    assert failure["payload"]["original_event_type"] in {
        "unreadable",
        "reaction_detected",
        "operation_completed",
        "subscription_updated",
    }


async def test_what_other_services_may_not_send_has_no_effect_until_it_is_named(
    database: Database, redis: Redis
) -> None:
    closed = CommitLog(database, build_catalog(FEATURES, ["besitos_awarded"]), PARTITIONS)
    await sequence(closed, redis, REACTION, AWARD)
    assert await taken_in(database, [REACTION, AWARD]) == ["award"]
    (row,) = await letters(database)
    assert row["event_type"] == "reaction_detected"
    assert "name it in INBOUND_EVENT_TYPES" in row["error"]
    await retry(database, [row["id"]])
    await look(new_sequencer(closed, redis))
    assert await state_of(database) == "dead"
    await retry(database, [row["id"]])
    await look(new_sequencer(new_commits(database), redis))
    assert await state_of(database) == "resolved"


@pytest.mark.criterion("2.3.2")
async def test_a_flood_is_kept_and_becomes_letters_a_hundred_a_minute(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    for n in range(MOST_A_MINUTE + 150):
        await redis.xadd(INBOUND, {"event": f"garbage {n}"})
    troubles = await sequence_flooded(commits, redis, AWARD)
    assert await taken_in(database, [AWARD]) == ["award"]
    assert len(await letters(database)) == MOST_A_MINUTE
    assert await redis.xlen(ASIDE) == 150
    assert len(await audits(database, "inbound_flooded")) == 1
    assert "entries that do not fit wait" in str(troubles[-1])
    # In one sentence, however many there are.
    assert len({*troubles} - {None}) == 1
    # Each process begins a minute of its own.
    await look(new_sequencer(commits, redis))
    assert len(await letters(database)) == 2 * MOST_A_MINUTE
    last = new_sequencer(commits, redis)
    last.refusals.on_flood = troubles.append
    await look(last)
    assert await redis.xlen(ASIDE) == 0
    assert troubles[-1] is None
    kept = [json.loads(row["envelope"])["payload"]["entry"] for row in await letters(database)]
    assert kept == [f"garbage {n}" for n in range(MOST_A_MINUTE + 150)]


async def test_letters_are_bounded_until_an_operator_has_decided(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await redis.xadd(INBOUND, {"event": "garbage"})
    await sequence(commits, redis)
    (letter,) = await letters(database)
    like_it = {name: value for name, value in letter.items() if name != "id"}
    rows = [{**like_it, "event_id": f"like it {n}"} for n in range(MOST_LETTERS - 1)]
    await database.write(
        lambda connection: connection.execute(dead_letters.insert(), rows) and None
    )
    await redis.xadd(INBOUND, {"event": "more garbage"})
    await sequence(commits, redis)
    assert (len(await letters(database)), await redis.xlen(ASIDE)) == (MOST_LETTERS, 1)
    await discard(database, [letter["id"]], note="seen")
    await look(new_sequencer(commits, redis))
    assert (len(await letters(database)), await redis.xlen(ASIDE)) == (MOST_LETTERS + 1, 0)


@pytest.mark.slow
@pytest.mark.criterion("2.3.2")
async def test_a_flood_of_a_newer_version_waits_for_the_upgrade(
    database: Database, redis: Redis
) -> None:
    """This version does not know a type that the next one knows."""
    sent = [Sent(f"{n}", n, "reaction_detected", user_id=f"{n}") for n in range(300)]
    older = CommitLog(database, Catalog([*FAILURE_EVENTS, UserInteraction]), PARTITIONS)
    await sequence(older, redis, *sent)
    assert len(await letters(database)) == MOST_A_MINUTE
    newer = new_commits(database)
    async with sequencing(newer, redis) as sequencer:
        dead = [row["id"] for row in await letters(database)]
        await retry(database, dead)

        async def all_taken() -> bool:
            sequencer.loop.wake()
            return len(await taken_in(database, sent)) == len(sent)

        await until(all_taken)
    assert {row["state"] for row in await letters(database)} == {"resolved"}
    assert await redis.xlen(ASIDE) == 0


async def test_a_form_of_envelope_that_this_version_does_not_know_can_be_read_by_the_next(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    """As if a former version had taken it for garbage."""
    await redis.xadd(INBOUND, {"event": "garbage " + "x" * 5000})
    await sequence(commits, redis)
    (row,) = await letters(database)
    letter = json.loads(row["envelope"])
    assert len(letter["payload"]["entry"]) == 5008
    letter["payload"]["entry"] = json.dumps(REACTION.envelope)
    statement = dead_letters.update().values(envelope=json.dumps(letter))
    await database.write(lambda connection: connection.execute(statement) and None)
    await retry(database, [row["id"]])
    await look(new_sequencer(commits, redis))
    assert await state_of(database) == "resolved"
    assert await taken_in(database, [REACTION]) == ["reaction"]


async def sequence_flooded(commits: CommitLog, redis: Redis, *sent: Sent) -> list[str | None]:
    """Write and wait; gives what health is told of the flood."""
    troubles: list[str | None] = []
    await write(redis, *sent)
    sequencer = new_sequencer(commits, redis)
    sequencer.refusals.on_flood = troubles.append
    sequencer.start()
    await settle(redis)
    await sequencer.stop(PATIENCE)
    return troubles


async def test_the_same_event_refused_twice_is_one_letter(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    for _ in range(2):
        await redis.xadd(INBOUND, {"event": changed(version=9)["event"]})
    await sequence(commits, redis)
    (row,) = await letters(database)
    assert row["attempts"] == 2


async def test_a_corrected_event_under_the_same_id_is_taken(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await redis.xadd(INBOUND, {"event": changed(payload={})["event"]})
    await sequence(commits, redis, REACTION)
    assert await taken_in(database, [REACTION]) == ["reaction"]


async def refused_once(database: Database, commits: CommitLog, redis: Redis) -> int:
    """An event that this program could take, as if a former version had refused it."""
    await redis.xadd(INBOUND, {"event": changed(version=9)["event"]})
    await sequence(commits, redis)
    (row,) = await letters(database)
    mended = json.loads(row["envelope"]) | {"version": 1}
    statement = dead_letters.update().values(envelope=json.dumps(mended))
    await database.write(lambda connection: connection.execute(statement) and None)
    return int(row["id"])


async def state_of(database: Database) -> str:
    (row,) = await letters(database)
    return str(row["state"])


async def test_an_operator_has_it_tried_again(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    letter = await refused_once(database, commits, redis)
    await retry(database, [letter])
    await look(new_sequencer(commits, redis))
    assert await state_of(database) == "resolved"
    assert await taken_in(database, [REACTION]) == ["reaction"]


@pytest.mark.parametrize("reads", range(2))
async def test_what_is_given_up_while_it_is_tried_again_is_not_taken_in(
    database: Database, commits: CommitLog, redis: Redis, reads: int
) -> None:
    """An operator has been told that it is discarded."""
    letter = await refused_once(database, commits, redis)
    await retry(database, [letter])
    meanwhile = Meanwhile(database)

    async def give_up() -> None:
        assert await discard(database, [letter], "by hand") == [letter]

    meanwhile.arm(give_up, passing_over=reads)
    await look(new_sequencer(new_commits(meanwhile), redis))
    assert meanwhile.has_happened
    assert await state_of(database) == "discarded"
    assert await taken_in(database, [REACTION]) == []


async def test_what_cannot_be_mended_stays_dead(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await redis.xadd(INBOUND, {"event": "garbage"})
    await sequence(commits, redis)
    (row,) = await letters(database)
    await retry(database, [row["id"]])
    await look(new_sequencer(commits, redis))
    (row,) = await letters(database)
    assert (row["state"], row["attempts"]) == ("dead", 2)


def stumble(_value: object) -> None:
    raise KeyError


class Stumbled(EventPayload):
    """A mistake of this program, over what somebody else has written."""

    event_type: ClassVar[str] = "stumbled"

    over: Annotated[str, AfterValidator(stumble)]


async def test_what_this_program_trips_over_holds_nothing_up(
    database: Database, redis: Redis
) -> None:
    commits = CommitLog(database, Catalog([*FAILURE_EVENTS, UserInteraction, Stumbled]), PARTITIONS)
    event = changed(event_type="stumbled", payload={"over": "a stone"})
    await redis.xadd(INBOUND, {"event": event["event"]})
    greeting = Sent("greeting", 1)
    await sequence(commits, redis, greeting)
    assert await taken_in(database, [greeting]) == ["greeting"]
    (row,) = await letters(database)
    assert row["error"].startswith("it cannot be read: KeyError at ")
    assert json.loads(row["envelope"])["payload"]["entry"] == event["event"].decode()
    await retry(database, [row["id"]])
    await look(new_sequencer(commits, redis))
    assert await state_of(database) == "dead"


async def test_what_sql_refuses_holds_nothing_up(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    rule = text("CREATE UNIQUE INDEX no_two_at_once ON ingested (happened_us)")
    await database.write(lambda connection: connection.execute(rule) and None)
    await sequence(commits, redis, REACTION, Sent("refused", REACTION.second), AWARD)
    assert await taken_in(database, [REACTION, AWARD]) == ["reaction", "award"]
    (row,) = await letters(database)
    assert row["error"].startswith("SQL does not take it: ")
    await redis.xadd(INBOUND, {"event": changed(version=9)["event"]})
    await retry(database, [row["id"]])
    await sequence(commits, redis)
    assert {row["state"] for row in await letters(database)} == {"dead"}


async def test_a_ring_of_causes_ends(database: Database, commits: CommitLog, redis: Redis) -> None:
    ring = [Sent(f"{n}", n, cause=f"{(n + 1) % 4}") for n in range(4)]
    async with sequencing(commits, redis):
        await write(redis, *ring, AWARD)
        await settle(redis)
    assert sorted(await taken_in(database, ring)) == ["0", "1", "2", "3"]


async def test_a_key_of_another_kind_is_waited_for(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await redis.set(INBOUND, "not a stream")
    troubles: list[str | None] = []
    async with sequencing(commits, redis) as sequencer:
        sequencer.loop.on_trouble = troubles.append

        async def is_troubled() -> bool:
            return bool(troubles)

        await until(is_troubled)
        await redis.delete(INBOUND)
        await write(redis, AWARD)
        await settle(redis)
    assert await taken_in(database, [AWARD]) == ["award"]
    assert "delete those that TYPE does not call a stream" in str(troubles[0])
