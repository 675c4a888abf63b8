"""One workflow, as the steps of its process see and change it."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from yabot.coordinator.machine import FINISHED, START, Machine
from yabot.coordinator.mistakes import UndeclaredStep, UndeclaredTransition
from yabot.error_text import error_text


class WorkflowData(BaseModel):
    """What a workflow remembers: ids and amounts, no personal data."""

    model_config = ConfigDict(
        extra="forbid", strict=True, validate_assignment=True, hide_input_in_errors=True
    )


D = TypeVar("D", bound=WorkflowData)


@dataclass(slots=True)
class Workflow(Generic[D]):
    """All changes that a step makes here are committed together with its unit of work."""

    id: str
    user_id: str | None
    data: D
    machine: Machine = field(compare=False, repr=False)
    # The names of the steps that can be undone.
    undoable: Collection[str] = field(default=(), compare=False, repr=False)
    state: str = START
    deadline: datetime | None = None
    # The steps to be undone if the workflow fails, in the order in which they were done.
    done: list[str] = field(default_factory=list)
    # Why it has failed for good.
    failure: str | None = None

    def become(self, state: str) -> None:
        """Raises UndeclaredTransition."""
        if not self.machine.allows(self.state, state):
            raise UndeclaredTransition(
                f"workflow {self.id} may not go from '{self.state}' to '{state}': its process "
                "declares no such transition"
            )
        self.state = state

    def finish(self) -> None:
        """End successfully: nothing will be undone any more. Raises UndeclaredTransition."""
        self.become(FINISHED)

    def fail(self, reason: str | Exception) -> None:
        """Fail: undo the steps done so far, including those that this step has marked, and end."""
        self.failure = error_text(reason) if isinstance(reason, Exception) else reason

    def did(self, step: str) -> None:
        """Mark a step as done: a failure from now on compensates it. Raises UndeclaredStep."""
        if step not in self.undoable:
            raise UndeclaredStep(f"workflow {self.id}: nothing compensates the step '{step}'")
        if step in self.done:
            raise UndeclaredStep(f"workflow {self.id} has done the step '{step}' before")
        self.done.append(step)

    def wake_at(self, moment: datetime | None) -> None:
        """Set when ``on_deadline`` is called, unless a later step changes it; None: never."""
        self.deadline = moment

    def key(self, step: str) -> str:
        """A key for services that do a thing once for each key."""
        return f"{self.id}:{step}"

    def copy(self) -> Self:
        return replace(self, data=self.data.model_copy(deep=True), done=list(self.done))
