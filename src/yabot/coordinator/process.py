"""What a developer writes: a process, of which each workflow is one run.

A step reads what it needs, changes the workflow, and adds to its unit of work what else is to
change; the engine commits both, together with the receipt of the step's cause. A step may be
decided again before that: whatever it does besides, it may do twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from yabot.coordinator.machine import FINISHED, START, Machine
from yabot.coordinator.mistakes import DecisionRefused
from yabot.coordinator.workflow import D, Workflow, WorkflowData
from yabot.events.envelope import EventPayload
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event

__all__ = ["FINISHED", "START", "Machine", "Process", "Route", "Workflow", "WorkflowData"]

P = TypeVar("P", bound=EventPayload)

Step = Callable[[Event[P], Workflow[D], UnitOfWork], Awaitable[None]]
Compensation = Callable[[Workflow[D], UnitOfWork], Awaitable[None]]


def by_user(event: Event[Any]) -> str | None:
    return event.envelope.user_id


@dataclass(frozen=True, slots=True)
class Route(Generic[P, D]):
    """Which workflow an event is for, and what it does there.

    ``key`` names the workflow among those of its process: its id is ``kind:key``. With None the
    event is for none. An event of an open workflow goes to ``handle``; that of a closed one does
    nothing, nor does that of one that does not exist, unless ``starts`` makes its data.
    """

    event: type[P]
    handle: Step[P, D]
    key: Callable[[Event[P]], str | None] = by_user
    starts: Callable[[Event[P]], D] | None = None
    # As for any subscriber: what to do with an event that is retried after later ones.
    late: Literal["apply", "refuse"] = "refuse"


class Process(ABC, Generic[D]):
    """Stateless: all that is known of a workflow stands in its row, and any instance may go on.

    A TerminalError in a step fails its workflow for good, and what the step added is dropped; any
    other error is tried again. A DecisionRefused is the program's mistake, and changes nothing.
    """

    # Names its receipts, workflows and metrics: it never changes.
    kind: ClassVar[str]
    # The version of ``data``; rows of a newer one than this are refused.
    definition: ClassVar[int] = 1
    data: type[D]
    machine: ClassVar[Machine]

    @abstractmethod
    def routes(self) -> Sequence[Route[Any, D]]:
        """One for each type of event that it listens to."""

    def compensations(self) -> Mapping[str, Compensation[D]]:
        """What undoes each step that workflows mark with ``did``.

        They run in reverse order, each as a unit of work of its own, and undo only what their own
        workflow did. An error is tried again with growing pauses; a TerminalError is not.
        """
        return {}

    async def on_deadline(self, workflow: Workflow[D], work: UnitOfWork) -> None:
        """The moment of ``wake_at`` has come, and is forgotten unless it is set anew.

        Much may have happened since it was set: ask again what it depends on.
        """
        raise DecisionRefused(
            f"{work.cause.id}: workflow {workflow.id} set it, and '{self.kind}' has no on_deadline"
        )

    def upgrade(self, definition: int, raw: dict[str, Any]) -> dict[str, Any]:
        """``raw`` as an older ``definition`` wrote it, made into what ``data`` takes now."""
        raise DecisionRefused(
            f"'{self.kind}' has no upgrade from definition {definition} to {self.definition}: "
            f"nobody knows what to make of {', '.join(sorted(raw)) or 'nothing'}"
        )
