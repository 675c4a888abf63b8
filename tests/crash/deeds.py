"""What is killed in the middle: readers who react, and all that follows from it, through events.

A reaction pays besitos, besitos unlock a hint in the reader's document, and a quest watches over
both; the three are features of their own, so each is a group. None of it looks whether it has
been done before: what the bus delivers twice, or out of order, shows.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Connection, insert, select
from typing_extensions import override
from uuid_utils import uuid4

from yabot.clock import utc_now
from yabot.coordinator.process import (
    FINISHED,
    START,
    Compensation,
    Machine,
    Process,
    Route,
    Workflow,
    WorkflowData,
)
from yabot.errors import TerminalError
from yabot.feature import Feature, Services
from yabot.features.besitos import FEATURE as BESITOS
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.besitos.service import BesitosService
from yabot.features.narrative.events import NarrativeHintUnlocked, ReactionDetected
from yabot.features.users import FEATURE as USERS
from yabot.features.users.model import UserState
from yabot.features.users.service import UserService
from yabot.observability.logging import get_logger
from yabot.storage.relational.tables import audit_log, dead_letters
from yabot.storage.relational.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber

log = get_logger(__name__)

# When a reaction is paid: at once, in a while, after some failures, when an operator retries it, or
# never.
Mood = Literal["glad", "slow", "shy", "sick", "poison"]
PAID, TOLL = 2, 1
# How often a shy reaction has to be tried in vain.
SHY_FAILURES = 2
# Seconds: longer than positions take to be marked.
IN_A_WHILE = 0.7
# Under which its effects are noted in the audit.
EFFECT = "effect"


class Poison(TerminalError):
    code = "poison"


def note_effect(work: UnitOfWork, consumer: str, user_id: str | None, **details: object) -> None:
    """One row for each time that something took effect."""
    row = {
        "kind": EFFECT,
        "user_id": user_id,
        "details": json.dumps({"consumer": consumer, **details}),
        "created_at": utc_now(),
    }

    def note(connection: Connection) -> None:
        connection.execute(insert(audit_log), row)

    work.run(note)


def note_event(work: UnitOfWork, consumer: str, event: Event[Any]) -> None:
    envelope = event.envelope
    note_effect(
        work, consumer, envelope.user_id, event=envelope.event_id, sequence=envelope.sequence
    )


class Payer:
    """Pays each reaction."""

    def __init__(self, services: Services) -> None:
        self._besitos = services[BesitosService]
        self._database = services.database

    @property
    def subscriber(self) -> Subscriber[ReactionDetected]:
        return Subscriber("pay", ReactionDetected, self.pay)

    async def pay(self, event: Event[ReactionDetected], work: UnitOfWork) -> None:
        log.debug("pay.asked", event_id=event.envelope.event_id)
        if event.payload.reaction_type == "slow":
            await asyncio.sleep(IN_A_WHILE)
        await self._go_wrong(event)
        note_event(work, "pay", event)
        # Named at random: the ledger would otherwise refuse to pay twice.
        key = f"{event.user_id}:{event.payload.content_id}:{uuid4()}"
        await self._besitos.award(
            work, event.user_id, PAID, reason="reaction", source="rewards", key=key
        )
        log.debug("pay.decided", event_id=event.envelope.event_id)

    async def _go_wrong(self, event: Event[ReactionDetected]) -> None:
        """Told from what is stored: no death makes it go wrong more often."""
        mood = event.payload.reaction_type
        if mood == "poison":
            raise Poison("nobody can stomach it")
        state, attempts = await self._letter(event)
        if mood == "sick" and state != "retry":
            raise Poison("it needs a doctor")
        if mood == "shy" and attempts < SHY_FAILURES:
            raise RuntimeError("not yet")

    async def _letter(self, event: Event[ReactionDetected]) -> tuple[str | None, int]:
        """Its state, and how often it has failed."""
        query = select(dead_letters.c.state, dead_letters.c.attempts).where(
            dead_letters.c.event_id == event.envelope.event_id, dead_letters.c.consumer == "pay"
        )
        found = await self._database.read(lambda connection: connection.execute(query).first())
        return (None, 0) if found is None else (found.state, found.attempts)


class Hinter:
    """Gives a hint for each award."""

    def __init__(self, services: Services) -> None:
        self._users = services[UserService]

    @property
    def subscriber(self) -> Subscriber[BesitosAwarded]:
        return Subscriber("hint", BesitosAwarded, self.give)

    async def give(self, event: Event[BesitosAwarded], work: UnitOfWork) -> None:
        user = await self._users.find(event.user_id)
        assert user is not None
        await self._users.state(user)
        hint_id = f"hint-{event.envelope.sequence}"

        def add(state: UserState) -> UserState:
            progress = state.current_state.narrative_progress
            hints = (*progress.hints_unlocked, hint_id)
            progress = progress.model_copy(update={"hints_unlocked": hints})
            current = state.current_state.model_copy(update={"narrative_progress": progress})
            return state.model_copy(update={"current_state": current})

        note_event(work, "hint", event)
        self._users.update_state(work, user, add)
        work.publish(NarrativeHintUnlocked(hint_id=hint_id, fragment_id="nowhere"), event.user_id)


class QuestData(WorkflowData):
    n: int


def ends_badly(n: int) -> bool:
    return n % 4 == 1


def takes_its_time(n: int) -> bool:
    return n % 4 in {0, 1}


class Quests(Process[QuestData]):
    """Opened by a reaction, gone on with by its award; some wait for a moment, some then fail."""

    kind = "quest"
    data = QuestData
    machine = Machine({START: {"open"}, "open": {"paid", FINISHED}, "paid": {FINISHED}})

    def __init__(self, services: Services) -> None:
        self._besitos = services[BesitosService]

    @override
    def routes(self) -> Sequence[Route[Any, QuestData]]:
        return (
            Route(ReactionDetected, self.open, key=_of_reaction, starts=_begun),
            Route(BesitosAwarded, self.go_on, key=_of_award),
        )

    @override
    def compensations(self) -> Mapping[str, Compensation[QuestData]]:
        return {"toll": self.refund}

    async def open(
        self, event: Event[ReactionDetected], quest: Workflow[QuestData], work: UnitOfWork
    ) -> None:
        note_event(work, "quest", event)
        quest.become("open")

    async def go_on(
        self, event: Event[BesitosAwarded], quest: Workflow[QuestData], work: UnitOfWork
    ) -> None:
        note_event(work, "quest", event)
        if not takes_its_time(quest.data.n):
            quest.finish()
            return
        if ends_badly(quest.data.n):
            key = f"toll:{quest.id}:{uuid4()}"
            spent = await self._besitos.spend(
                work, event.user_id, TOLL, reason="toll", source="shop", key=key
            )
            assert spent == "spent"
            quest.did("toll")
        quest.become("paid")
        quest.wake_at(utc_now() + timedelta(milliseconds=200))

    @override
    async def on_deadline(self, quest: Workflow[QuestData], work: UnitOfWork) -> None:
        note_effect(work, "quest.deadline", quest.user_id, quest=quest.id)
        if ends_badly(quest.data.n):
            quest.fail("the time is over")
        else:
            quest.finish()

    async def refund(self, quest: Workflow[QuestData], work: UnitOfWork) -> None:
        note_effect(work, "quest.refund", quest.user_id, quest=quest.id)
        assert quest.user_id is not None
        key = f"refund:{quest.id}:{uuid4()}"
        await self._besitos.award(
            work, quest.user_id, TOLL, reason="refund", source="shop", key=key
        )


def _of_reaction(event: Event[ReactionDetected]) -> str | None:
    """None for what is never paid."""
    reaction = event.payload
    return None if reaction.reaction_type == "poison" else f"{event.user_id}:{reaction.content_id}"


def _of_award(event: Event[BesitosAwarded]) -> str | None:
    if event.payload.reason != "reaction":
        return None
    return event.payload.transaction_id.rpartition(":")[0]


def _begun(event: Event[ReactionDetected]) -> QuestData:
    return QuestData(n=int(event.payload.content_id))


FEATURES: tuple[Feature, ...] = (
    # Nobody is written to, and reading the texts would take longer than all else at the start.
    replace(USERS, texts=None),
    replace(BESITOS, texts=None),
    Feature(
        "crash_pay",
        events=(ReactionDetected,),
        subscribers=lambda services: [Payer(services).subscriber],
    ),
    Feature(
        "crash_hints",
        events=(NarrativeHintUnlocked,),
        subscribers=lambda services: [Hinter(services).subscriber],
    ),
    Feature("crash_quests", processes=lambda services: [Quests(services)]),
)
