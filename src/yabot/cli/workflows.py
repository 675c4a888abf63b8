"""`yabot workflows`: where they stand, and those that are stuck."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from yabot.cli.context import load_settings
from yabot.cli.operators import operating
from yabot.cli.showing import age, facts, in_columns, print_json
from yabot.clock import rfc3339, utc_now
from yabot.coordinator.inspector import Selection, WorkflowInspector
from yabot.coordinator.rows import StoredWorkflow
from yabot.log.unit_of_work import UnitOfWork

app = typer.Typer(
    no_args_is_help=True, help="Look after workflows: where they stand, what is stuck."
)

HEADINGS = ("ID", "STATE", "USER", "BEGAN", "LAST STEP", "DUE", "ATTEMPTS")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `yabot workflows list` shows it.")]


@app.callback()
def group() -> None:
    """Look after workflows: where they stand, what is stuck."""


@app.command("list")
def list_workflows(
    state: Annotated[str | None, typer.Option(help="Those in this state, such as stuck.")] = None,
    kind: Annotated[str | None, typer.Option(help="Those of this process.")] = None,
    user: Annotated[str | None, typer.Option(help="Those of this user, by id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Show workflows, those that began last first."""
    settings, wanted = load_settings(), Selection(kind, state, user)

    async def run() -> None:
        async with operating(settings) as operator:
            inspector = WorkflowInspector(operator.database)
            found = await inspector.newest(wanted, limit)
        if as_json:
            print_json({"workflows": [_facts(each) for each in found]})
        else:
            typer.echo(_table(found) if found else _none(wanted))

    asyncio.run(run())


@app.command("show")
def show(workflow_id: Id, as_json: Json = False) -> None:
    """Show one: where it stands, what it has done, and what failed."""
    settings = load_settings()

    async def run() -> None:
        async with operating(settings) as operator:
            stored = await WorkflowInspector(operator.database).get(workflow_id)
        if as_json:
            print_json(_facts(stored))
        else:
            typer.echo(_page(stored))

    asyncio.run(run())


@app.command("resume")
def resume(workflow_id: Id, as_json: Json = False) -> None:
    """Have what a stuck workflow has done undone once more, when its reason is mended."""
    settings = load_settings()

    async def run() -> None:
        async with operating(settings) as operator:
            inspector = WorkflowInspector(operator.database)

            async def decide(work: UnitOfWork) -> StoredWorkflow:
                return await inspector.resume(work, workflow_id, operator.name)

            resumed = await operator.decide(decide)
        if as_json:
            print_json(_facts(resumed))
        else:
            typer.echo(
                f"What {workflow_id} has done is undone by the running worker; `yabot workflows "
                f"show {workflow_id}` tells how that goes."
            )

    asyncio.run(run())


def _facts(stored: StoredWorkflow) -> dict[str, Any]:
    """The workflow in JSON's own types."""
    return {
        "id": stored.id,
        "kind": stored.kind,
        "user_id": stored.user_id,
        "state": stored.state,
        "deadline": None if stored.deadline is None else rfc3339(stored.deadline),
        "attempts": stored.attempts,
        "failure": stored.failure,
        "error": stored.error,
        "done": json.loads(stored.done),
        "data": json.loads(stored.data),
        "definition": stored.definition,
        "correlation_id": stored.correlation_id,
        "created_at": rfc3339(stored.created_at),
        "updated_at": rfc3339(stored.updated_at),
    }


def _table(found: Sequence[StoredWorkflow]) -> str:
    return in_columns(HEADINGS, [_cells(each) for each in found])


def _none(wanted: Selection) -> str:
    return "There are no workflows." if wanted == Selection() else "There is no such workflow."


def _cells(stored: StoredWorkflow) -> tuple[str, ...]:
    now = utc_now()
    return (
        stored.id,
        stored.state,
        stored.user_id or "-",
        age(stored.created_at, now),
        age(stored.updated_at, now),
        "-" if stored.deadline is None else rfc3339(stored.deadline),
        str(stored.attempts),
    )


def _page(stored: StoredWorkflow) -> str:
    shown = _facts(stored)
    told = {
        "state": shown["state"],
        "user": shown["user_id"],
        "next deadline": shown["deadline"],
        "failed because": shown["failure"],
        "last error": shown["error"],
        "attempts": shown["attempts"] or None,
        "to be undone": ", ".join(reversed(shown["done"])) or None,
        "began": shown["created_at"],
        "last step": shown["updated_at"],
        "of": shown["correlation_id"],
        "data": json.dumps(shown["data"], ensure_ascii=False),
    }
    return "\n".join([f"Workflow {stored.id}, of the process {stored.kind}", *facts(told)])
