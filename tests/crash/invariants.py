"""What must hold when all has come to its end, whoever was killed on the way."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, func, or_, select

from tests.bus.log import committed, streams
from tests.crash.deeds import PAID
from tests.crash.effects import EFFECT
from tests.crash.load import Load, cure
from tests.crash.quests import ends_badly, takes_its_time
from tests.storage.dumps import rows_of
from yabot.app.stores import Stores
from yabot.bus.tables import dead_letters, group_positions
from yabot.coordinator.machine import CLOSED, FAILED, FINISHED
from yabot.coordinator.tables import workflows
from yabot.events.envelope import Envelope
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.tables import accounts
from yabot.log.tables import audit_log, doc_changes, partitions, user_counters
from yabot.storage.relational.database import Database

Effects = list[dict[str, Any]]

_of_group = group_positions.join(partitions, group_positions.c.partition == partitions.c.partition)
# By what still has to happen, how much of it.
_UNFINISHED = {
    "groups behind the log": select(func.count())
    .select_from(_of_group)
    .where(group_positions.c.pos != partitions.c.last_pos),
    "streams behind the log": select(func.count())
    .select_from(partitions)
    .where(partitions.c.published_pos != partitions.c.last_pos),
    "documents not written": select(func.count()).select_from(doc_changes),
    "workflows under way": select(func.count())
    .select_from(workflows)
    .where(or_(workflows.c.state.not_in(CLOSED), workflows.c.deadline.is_not(None))),
    "events being retried": select(func.count())
    .select_from(dead_letters)
    .where(dead_letters.c.state.in_(("retrying", "retry"))),
}


def unfinished(connection: Connection) -> dict[str, int]:
    """Empty when all has come to its end, but for what nobody has begun yet."""
    counts = {name: connection.execute(query).scalar_one() for name, query in _UNFINISHED.items()}
    return {name: number for name, number in counts.items() if number}


async def until_finished(database: Database, seconds: float) -> None:
    """While it lasts, what only waits for an operator gets one."""
    deadline = time.monotonic() + seconds
    while left := await database.read(unfinished):
        assert time.monotonic() < deadline, f"after {seconds} s there are still {left}"
        await cure(database)
        await asyncio.sleep(0.1)


async def verify(stores: Stores, load: Load) -> None:
    """All of ``load`` has happened, and come to its end."""
    database = stores.database
    assert await database.read(unfinished) == {}
    envelopes = await _the_log(stores)
    effects = await _effects(database)
    _each_reaction_happened_once(envelopes, load)
    _each_event_took_effect_once(envelopes, effects)
    _in_order(effects)
    _numbered_without_gaps(envelopes)
    await _quests_came_to_the_right_end(database, effects, load)
    await _nobody_lost_or_won_money(database, load)
    await _only_what_should_be_is_dead(database, envelopes)
    await _documents_hold_each_hint_once(stores, effects, load)


def attempts_are_remembered(failures: Iterable[Mapping[str, Any]]) -> None:
    """``failures`` as a program's log tells them: no death lets anybody count from one again."""
    so_far: dict[tuple[str, str], int] = {}
    for failure in failures:
        whose = failure["consumer"], failure["event_id"]
        # The last one may not have been noted.
        assert failure["attempt"] >= so_far.get(whose, 0), whose
        so_far[whose] = failure["attempt"]


async def _the_log(stores: Stores) -> list[Envelope]:
    """In order; Redis has it too."""
    log = await committed(stores.database)
    assert await streams(stores.redis) == log
    return [Envelope.model_validate_json(text) for texts in log.values() for text in texts]


async def _effects(database: Database) -> Effects:
    """In the order in which they were committed."""
    return [
        {"user_id": row["user_id"], **json.loads(row["details"])}
        for row in await rows_of(database, audit_log)
        if row["kind"] == EFFECT
    ]


def _each_reaction_happened_once(envelopes: list[Envelope], load: Load) -> None:
    happened = defaultdict(list)
    for envelope in envelopes:
        if envelope.event_type == "reaction_detected":
            reaction = envelope.payload
            told = int(reaction["content_id"]), reaction["reaction_type"]
            happened[envelope.user_id].append(told)
    assert happened == {user_id: load.reactions_of(user_id) for user_id in load.user_ids}


def _each_event_took_effect_once(envelopes: list[Envelope], effects: Effects) -> None:
    due = Counter(
        (consumer, envelope.event_id) for envelope in envelopes for consumer in _due(envelope)
    )
    assert Counter((e["consumer"], e["event"]) for e in effects if "event" in e) == due


def _due(envelope: Envelope) -> tuple[str, ...]:
    """On whom the event is to take effect."""
    match envelope.event_type, envelope.payload:
        case "reaction_detected", {"reaction_type": "poison"}:
            return ()
        case "reaction_detected", _:
            return ("pay", "quest")
        case "besitos_awarded", {"reason": "reaction"}:
            return ("hint", "quest")
        case "besitos_awarded", _:
            return ("hint",)
    return ()


def _in_order(effects: Effects) -> None:
    """Within a group; one that is about nothing but time has no place in the order."""
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    for effect in effects:
        if "sequence" in effect:
            seen[effect["consumer"], effect["user_id"]].append(effect["sequence"])
    for whose, sequences in seen.items():
        assert sequences == sorted(sequences), whose


def _numbered_without_gaps(envelopes: list[Envelope]) -> None:
    of_users: dict[str, list[Envelope]] = defaultdict(list)
    for envelope in envelopes:
        if envelope.user_id is not None:
            of_users[envelope.user_id].append(envelope)
    for events in of_users.values():
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        moments = [event.timestamp for event in events]
        assert moments == sorted(set(moments))


async def _quests_came_to_the_right_end(database: Database, effects: Effects, load: Load) -> None:
    ends, steps = {}, {}
    for user_id in load.user_ids:
        for n, mood in load.reactions_of(user_id):
            if mood != "poison":
                quest = f"quest:{user_id}:{n}"
                ends[quest] = FAILED if ends_badly(n) else FINISHED
                steps[quest] = _steps(n)
    assert {row["id"]: row["state"] for row in await rows_of(database, workflows)} == ends
    taken: dict[str, list[str]] = {quest: [] for quest in steps}
    for effect in effects:
        if "quest" in effect:
            taken[effect["quest"]].append(effect["consumer"])
    assert taken == steps


def _steps(n: int) -> list[str]:
    """What such a quest does when no event asks for it, in order: what was done last is undone
    first."""
    if ends_badly(n):
        return ["quest.deadline", "quest.refund", "quest.withdrawal"]
    return ["quest.deadline"] if takes_its_time(n) else []


async def _nobody_lost_or_won_money(database: Database, load: Load) -> None:
    assert await audit_ledger(database) == []
    earned = {
        f"user:{user_id}": PAID * sum(mood != "poison" for _, mood in load.reactions_of(user_id))
        for user_id in load.user_ids
    }
    rows = await rows_of(database, accounts)
    assert {row["id"]: row["balance"] for row in rows if row["balance"] is not None} == earned


async def _only_what_should_be_is_dead(database: Database, envelopes: list[Envelope]) -> None:
    """Poison is; what was sick has been so, and everybody was told."""
    states = {"poison": "dead", "sick": "resolved"}
    moods = {e.event_id: e.payload.get("reaction_type") for e in envelopes}
    expected = {event: states[mood] for event, mood in moods.items() if mood in states}
    letters = await rows_of(database, dead_letters)
    assert {row["consumer"] for row in letters} <= {"pay"}
    assert {row["event_id"]: row["state"] for row in letters} == expected
    told = Counter(
        envelope.payload["original_event_id"]
        for envelope in envelopes
        if envelope.event_type == "event_processing_failed"
    )
    assert told == Counter(expected.keys())


async def _documents_hold_each_hint_once(stores: Stores, effects: Effects, load: Load) -> None:
    given: dict[str, list[str]] = {user_id: [] for user_id in load.user_ids}
    for effect in effects:
        if effect["consumer"] == "hint":
            given[effect["user_id"]].append(f"hint-{effect['sequence']}")
    versions = {
        row["user_id"]: row["state_version"]
        for row in await rows_of(stores.database, user_counters)
    }
    found = {}
    async for document in stores.documents["users"].find():
        progress = document["current_state"]["narrative_progress"]
        found[document["_id"]] = progress["hints_unlocked"]
        assert document["version"] == versions[document["_id"]]
    assert found == given
