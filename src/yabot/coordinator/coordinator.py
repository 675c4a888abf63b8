"""The processes of one feature, as the framework runs them."""

from collections.abc import Sequence
from typing import Any

from yabot.coordinator.process import Process, Route
from yabot.coordinator.rows import StoredWorkflow
from yabot.coordinator.steps import Steps
from yabot.errors import StartupError
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber


def consumer_of(kind: str) -> str:
    """The consumer under which the steps of a process have their receipts."""
    return f"process:{kind}"


class Coordinator:
    """Gives the group one subscriber for each event type that a process listens to, and finds the
    process of a stored workflow.
    """

    def __init__(self, processes: Sequence[Process[Any]], commits: CommitLog) -> None:
        """Raises StartupError when two processes have the same kind."""
        self.commits = commits
        self._steps: dict[str, Steps[Any]] = {}
        for process in processes:
            if process.kind in self._steps:
                raise StartupError(f"two processes are called '{process.kind}'")
            self._steps[process.kind] = Steps(process, commits.database, commits.partitions)

    @property
    def definitions(self) -> dict[str, int]:
        """The version of each kind that this program knows."""
        return {kind: steps.process.definition for kind, steps in self._steps.items()}

    def subscribers(self) -> list[Subscriber[Any]]:
        return [each for steps in self._steps.values() for each in _subscribers(steps)]

    def steps_of(self, stored: StoredWorkflow) -> Steps[Any]:
        return self._steps[stored.kind]


def _subscribers(steps: Steps[Any]) -> list[Subscriber[Any]]:
    process = steps.process
    routes = process.routes()
    types = [route.event.event_type for route in routes]
    if len(set(types)) < len(types):
        raise StartupError(f"the process '{process.kind}' has two routes for one type of event")
    return [_subscriber(steps, route) for route in routes]


def _subscriber(steps: Steps[Any], route: Route[Any, Any]) -> Subscriber[Any]:
    async def handle(event: Event[Any], work: UnitOfWork) -> None:
        await steps.on_event(route, event, work)

    return Subscriber(consumer_of(steps.process.kind), route.event, handle, late=route.late)
