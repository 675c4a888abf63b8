"""The steps of one process's workflows: each reads, decides, and adds to a unit of work."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic

from yabot.clock import utc_now
from yabot.coordinator import rows
from yabot.coordinator.machine import CLOSED, COMPENSATING, FAILED, START
from yabot.coordinator.mistakes import DecisionRefused, UndeclaredStep, UndeclaredTransition
from yabot.coordinator.process import P, Process, Route
from yabot.coordinator.records import Records
from yabot.coordinator.rows import StoredWorkflow
from yabot.coordinator.workflow import D, Workflow
from yabot.errors import TerminalError
from yabot.log.audit import audited
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Database
from yabot.subscriber import Event

log = get_logger(__name__)

Handle = Callable[[Workflow[D], UnitOfWork], Awaitable[None]]


class Steps(Generic[D]):
    """Takes one step at a time: reads the workflow, calls the process, writes into the unit of
    work. Never commits.
    """

    def __init__(self, process: Process[D], database: Database, partitions: int) -> None:
        self.process = process
        self._database = database
        self._compensations = process.compensations()
        self._records = Records(process, self._compensations.keys(), partitions)

    async def on_event(self, route: Route[P, D], event: Event[P], work: UnitOfWork) -> None:
        """Raises DecisionRefused, and what the handler raises, except other TerminalErrors."""
        key = route.key(event)
        if key is None:
            return
        work.leave_receipt()
        workflow_id = f"{self.process.kind}:{key}"
        stored = await self._database.read(rows.find(workflow_id))
        workflow = self._opened(workflow_id, stored, route, event)
        if workflow is None:
            log.debug("workflow.not_concerned", workflow=workflow_id, by=route.event.event_type)
            return

        async def handle(workflow: Workflow[D], draft: UnitOfWork) -> None:
            await route.handle(event, workflow, draft)

        await self._decide(stored, workflow, work, handle)

    async def on_deadline(self, stored: StoredWorkflow, work: UnitOfWork) -> None:
        """Raises DecisionRefused, and what the process raises, except other TerminalErrors."""

        async def handle(workflow: Workflow[D], draft: UnitOfWork) -> None:
            workflow.wake_at(None)
            await self.process.on_deadline(workflow, draft)

        await self._decide(stored, self._records.read(stored), work, handle)

    async def compensate(self, stored: StoredWorkflow, work: UnitOfWork) -> None:
        """Undo the newest of the steps that were done. Raises what its compensation raises."""
        workflow = self._records.read(stored)
        step = workflow.done.pop()
        compensation = self._compensations.get(step)
        if compensation is None:
            raise UndeclaredStep(f"workflow {stored.id}: nothing compensates the step '{step}'")
        await compensation(workflow, work)
        workflow.state = COMPENSATING if workflow.done else FAILED
        workflow.deadline = utc_now() if workflow.done else None
        details = {"workflow": stored.id, "step": step, "reason": stored.failure}
        work.add(audited("compensation", details, stored.user_id))
        work.add(self._records.change(stored, workflow, work.cause))

    def _opened(
        self,
        workflow_id: str,
        stored: StoredWorkflow | None,
        route: Route[P, D],
        event: Event[P],
    ) -> Workflow[D] | None:
        """The workflow that the event is for; None if it is for none that is open or starts."""
        if stored is not None:
            return None if stored.state in CLOSED else self._records.read(stored)
        if route.starts is None:
            return None
        return self._records.begin(workflow_id, event.envelope.user_id, route.starts(event))

    async def _decide(
        self,
        stored: StoredWorkflow | None,
        workflow: Workflow[D],
        work: UnitOfWork,
        handle: Handle[D],
    ) -> None:
        before, draft = workflow.copy(), work.draft()
        try:
            await handle(workflow, draft)
        except DecisionRefused:
            raise
        except TerminalError as error:
            # Drop all changes of the step.
            workflow, draft = before.copy(), work.draft()
            workflow.fail(error)
        if workflow == before and not draft.changes_anything:
            return
        self._settle(workflow, draft)
        work.absorb(draft)
        if stored is None:
            work.add(self._records.add(workflow, work.cause))
        else:
            work.add(self._records.change(stored, workflow, work.cause))

    def _settle(self, workflow: Workflow[D], work: UnitOfWork) -> None:
        """Set state and deadline as they follow from the decided step.

        Raises UndeclaredTransition when the workflow is still in START.
        """
        if workflow.failure is not None:
            workflow.state = COMPENSATING if workflow.done else FAILED
            workflow.deadline = utc_now() if workflow.done else None
            told = {"workflow": workflow.id, "reason": workflow.failure}
            work.afterwards.append(partial(log.warning, "workflow.fails", **told))
        elif workflow.state == START:
            raise UndeclaredTransition(
                f"workflow {workflow.id} took a step and stays in '{START}': let it become "
                "something, or leave it alone"
            )
        elif workflow.state in CLOSED:
            workflow.deadline = None
