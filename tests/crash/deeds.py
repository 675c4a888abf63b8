"""What is killed in the middle: readers who react, and all that follows from it, through events.

A reaction pays besitos, besitos unlock a hint in the reader's document, and a quest watches over
both; the three are features of their own, so each is a group. None of it looks whether it has
been done before: what the bus delivers twice, or out of order, shows.
"""

import asyncio
from dataclasses import replace
from typing import Literal

from sqlalchemy import select
from uuid_utils import uuid4

from tests.crash.effects import note_event
from tests.crash.quests import Quests
from yabot.bus.tables import dead_letters
from yabot.errors import TerminalError
from yabot.feature import Feature, Services
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.besitos.feature import FEATURE as BESITOS
from yabot.features.besitos.service import BesitosService
from yabot.features.narrative.events import NarrativeHintUnlocked, ReactionDetected
from yabot.features.narrative.progress import with_hint
from yabot.features.narrative.state import PROGRESS
from yabot.features.users.feature import FEATURE as USERS
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.subscriber import Event, Subscriber

log = get_logger(__name__)

# When a reaction is paid: at once, in a while, after some failures, when an operator retries it, or
# never.
Mood = Literal["glad", "slow", "shy", "sick", "poison"]
PAID = 2
# How often a shy reaction has to be tried in vain.
SHY_FAILURES = 2
# Seconds: longer than positions take to be marked.
IN_A_WHILE = 0.7


class Poison(TerminalError):
    code = "poison"


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
        hint_id = f"hint-{event.envelope.sequence}"
        note_event(work, "hint", event)
        await self._users.change_part(
            work, user, PROGRESS, lambda progress: with_hint(progress, hint_id)
        )
        work.publish(NarrativeHintUnlocked(hint_id=hint_id, fragment_id="nowhere"), event.user_id)


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
        state=(PROGRESS,),
        subscribers=lambda services: [Hinter(services).subscriber],
    ),
    Feature("crash_quests", processes=lambda services: [Quests(services)]),
)
