"""What a developer writes: a process; each workflow is one run of it.

A step reads what it needs, changes the workflow, and adds all other changes to its unit of work;
the engine commits both, together with the receipt of the step's cause. A step may be decided again
before that: any other effect of it may happen twice.
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
    event is for no workflow. An event for an open workflow goes to ``handle``; one for a closed
    workflow does nothing, and so does one for a missing workflow, unless ``starts`` makes its data.
    """

    event: type[P]
    handle: Step[P, D]
    key: Callable[[Event[P]], str | None] = by_user
    starts: Callable[[Event[P]], D] | None = None
    # As for any subscriber: what to do with an event that is retried after later ones.
    late: Literal["apply", "refuse"] = "refuse"


class Process(ABC, Generic[D]):
    """Stateless: all that is known of a workflow is in its row, so any instance may go on with it.

    A TerminalError in a step fails its workflow for good and drops what the step added; after any
    other error the step is tried again. DecisionRefused is the program's mistake, and changes
    nothing.
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
        """The moment of ``wake_at`` has come; it is cleared unless this sets it anew.

        Much may have happened since it was set: read again what the decision depends on.
        """
        raise DecisionRefused(
            f"{work.cause.id}: workflow {workflow.id} set it, and '{self.kind}' has no on_deadline"
        )

    def upgrade(self, definition: int, raw: dict[str, Any]) -> dict[str, Any]:
        """Convert ``raw``, as an older ``definition`` wrote it, into what ``data`` takes now."""
        raise DecisionRefused(
            f"'{self.kind}' has no upgrade from definition {definition} to {self.definition}: "
            f"nobody knows what to make of {', '.join(sorted(raw)) or 'nothing'}"
        )
