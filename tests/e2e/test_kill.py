"""kill -9 at every step of an update: after a restart one effect, each event once, the reply there.

One program lives through it all: each test kills it in a reader's click and starts it again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.invariants import settle, verify
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.reader import Reader, readers
from tests.e2e.stores import Stores
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

Json = dict[str, Any]

BEFORE_AND_AFTER_INTAKE = [
    KillPoint("sql", "INSERT INTO updates"),
    KillPoint("commit", "INSERT INTO updates"),
    KillPoint("log", "update.stored"),
]
IN_THE_COMMIT = [
    KillPoint("sql", "INSERT INTO receipts"),
    KillPoint("sql", "INSERT INTO doc_changes"),
    KillPoint("sql", "INSERT INTO outgoing"),
    KillPoint("sql", "UPDATE partitions SET last_pos"),
    KillPoint("sql", "INSERT INTO outbox"),
    KillPoint("commit", "INSERT INTO receipts"),
    KillPoint("log", "unit.committed"),
]
FOLLOWERS = [
    KillPoint("log", "documents.applied"),
    KillPoint("sql", "DELETE FROM doc_changes"),
    KillPoint("log", "events.published"),
    KillPoint("sql", "UPDATE partitions SET published_pos"),
    KillPoint("log", "message.sent", 1),
    KillPoint("log", "message.sent", 2),
    KillPoint("sql", "UPDATE outgoing"),
]
ALL_STEPS = [*BEFORE_AND_AFTER_INTAKE, *IN_THE_COMMIT, *FOLLOWERS]
# What is particular about an operation is what becomes of its document: after these, MongoDB is
# yet to hear of it, or hears of it again. The other steps are those of a choice.
DOCUMENT_STEPS = [KillPoint("log", "unit.committed"), KillPoint("log", "documents.applied")]


@dataclass(frozen=True)
class Operation:
    """What a reader does; ``events`` are those of the one update that must have come of it."""

    prepare: Callable[[Reader], Awaitable[None]]
    act: Callable[[Reader], Awaitable[None]]
    events: tuple[str, ...]
    answers: tuple[str, ...]
    holds: Callable[[Stores, Reader], bool]


async def _nothing(_reader: Reader) -> None:
    """A newcomer."""


async def _at_the_envelope(reader: Reader) -> None:
    await reader.ask("/story")
    await reader.press("c:letter:look")


async def _asked_to_forget(reader: Reader) -> None:
    await reader.ask("/forget")


async def _asked_for_the_language(reader: Reader) -> None:
    await reader.ask("/story")
    await reader.ask("/language")


def _registered(stores: Stores, reader: Reader) -> bool:
    query = "SELECT first_name FROM user_profiles WHERE user_id = ?"
    return bool(stores.value(query, str(reader.user_id)) == "Lucía" and _state(stores, reader))


def _in_the_street_with_the_hint(stores: Stores, reader: Reader) -> bool:
    progress = _state(stores, reader)["current_state"]["narrative_progress"]
    made = [choice["choice_id"] for choice in progress["choices_made"]]
    stands = progress["current_fragment"], progress["hints_unlocked"], made
    return bool(stands == ("street", ["slant"], ["look", "keep"]))


def _forgotten(stores: Stores, reader: Reader) -> bool:
    query = "SELECT 1 FROM user_profiles WHERE user_id = ?"
    gone = stores.document(reader.user_id) is None
    return gone and stores.value(query, str(reader.user_id)) is None


def _english(stores: Stores, reader: Reader) -> bool:
    return bool(_state(stores, reader)["preferences"]["language"] == "en")


def _state(stores: Stores, reader: Reader) -> Json:
    document = stores.document(reader.user_id)
    assert document is not None
    return document


REGISTRATION = Operation(
    _nothing,
    lambda reader: reader.send("/start"),
    ("user_registered", "user_interaction"),
    ("Hola, Lucía.",),
    _registered,
)
CHOICE = Operation(
    _at_the_envelope,
    lambda reader: reader.touch("c:envelope:keep"),
    ("user_interaction", "decision_made", "narrative_hint_unlocked"),
    ("La letra tumbada", "La calle del puerto"),
    _in_the_street_with_the_hint,
)
FORGET = Operation(
    _asked_to_forget,
    lambda reader: reader.touch("forget:yes"),
    ("user_interaction", "user_deleted"),
    ("Hecho.",),
    _forgotten,
)
LANGUAGE = Operation(
    _asked_for_the_language,
    lambda reader: reader.touch("lang:en"),
    ("user_interaction", "user_updated"),
    ("We go on in English.", "The letter"),
    _english,
)


async def _die_and_rise(program: Program, operation: Operation, point: KillPoint) -> None:
    async with readers(program.url, "Lucía") as (reader,):
        await operation.prepare(reader)
        settle(program.stores)
        before = len(await reader.answers())
        known = len(program.stores.outbox(reader.user_id))

        program.arm(point)
        await operation.act(reader)
        assert program.exit_code(PATIENCE) == -9, f"it has not passed {point}"
        program.start()

        await reader.until(lambda chat: all(_heard(chat, answer) for answer in operation.answers))
        await reader.until(lambda chat: not any(message["pending"] for message in chat))
        verify(program.stores)
        events = [event["event_type"] for event in program.stores.outbox(reader.user_id)[known:]]
        assert events == ["update_received", *operation.events, "operation_completed"]
        assert operation.holds(program.stores, reader)
        assert len(await reader.answers()) <= before + 2 * len(operation.answers)


def _heard(chat: list[Json], answer: str) -> bool:
    return any(answer in message["text"] for message in chat)


@pytest.mark.criterion("1.1.3", "2.2.2")
@pytest.mark.parametrize("point", [*ALL_STEPS, KillPoint("mongo", "update")], ids=str)
async def test_a_choice_survives(mortal: Program, point: KillPoint) -> None:
    await _die_and_rise(mortal, CHOICE, point)


@pytest.mark.parametrize("n", [3, 4])
async def test_a_choice_survives_between_its_answers(mortal: Program, n: int) -> None:
    await _die_and_rise(mortal, CHOICE, KillPoint("log", "message.sent", n))


@pytest.mark.criterion("1.3.1")
@pytest.mark.parametrize("point", DOCUMENT_STEPS, ids=str)
async def test_a_registration_survives(mortal: Program, point: KillPoint) -> None:
    await _die_and_rise(mortal, REGISTRATION, point)


@pytest.mark.criterion("1.3.5")
@pytest.mark.parametrize("point", DOCUMENT_STEPS, ids=str)
async def test_a_deletion_survives(mortal: Program, point: KillPoint) -> None:
    await _die_and_rise(mortal, FORGET, point)


@pytest.mark.criterion("1.3.2")
@pytest.mark.parametrize("point", DOCUMENT_STEPS[:1], ids=str)
async def test_a_change_of_language_survives(mortal: Program, point: KillPoint) -> None:
    await _die_and_rise(mortal, LANGUAGE, point)
