"""Quests: opened by a reaction, gone on with by its award; some wait a moment, some then fail."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from typing_extensions import override
from uuid_utils import uuid4

from tests.crash.effects import note_effect, note_event
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
from yabot.feature import Services
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.besitos.service import BesitosService
from yabot.features.narrative.events import ReactionDetected
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.subscriber import Event

log = get_logger(__name__)

TOLL = 1


class QuestData(WorkflowData):
    n: int


def ends_badly(n: int) -> bool:
    return n % 4 == 1


def takes_its_time(n: int) -> bool:
    return n % 4 in {0, 1}


class Quests(Process[QuestData]):
    """Those that will fail have two things to undo: what they pledged, and then the toll."""

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
        return {"pledge": self.withdraw, "toll": self.refund}

    async def open(
        self, event: Event[ReactionDetected], quest: Workflow[QuestData], work: UnitOfWork
    ) -> None:
        note_event(work, "quest", event)
        if ends_badly(quest.data.n):
            quest.did("pledge")
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
        log.debug("deadline.asked", quest=quest.id)
        note_effect(work, "quest.deadline", quest.user_id, quest=quest.id)
        if ends_badly(quest.data.n):
            quest.fail("the time is over")
        else:
            quest.finish()
        log.debug("deadline.decided", quest=quest.id)

    async def refund(self, quest: Workflow[QuestData], work: UnitOfWork) -> None:
        note_effect(work, "quest.refund", quest.user_id, quest=quest.id)
        assert quest.user_id is not None
        key = f"refund:{quest.id}:{uuid4()}"
        await self._besitos.award(
            work, quest.user_id, TOLL, reason="refund", source="shop", key=key
        )

    async def withdraw(self, quest: Workflow[QuestData], work: UnitOfWork) -> None:
        note_effect(work, "quest.withdrawal", quest.user_id, quest=quest.id)


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
