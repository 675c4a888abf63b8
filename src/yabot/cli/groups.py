"""`yabot groups`: how the groups of subscribers do, and those that have stopped."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from yabot.bus.groups.overview import GroupState, SubscriberGroups
from yabot.cli.context import load_settings
from yabot.cli.operators import operating
from yabot.cli.showing import age, in_columns, print_json
from yabot.clock import rfc3339, utc_now
from yabot.log.unit_of_work import UnitOfWork

app = typer.Typer(
    no_args_is_help=True, help="Look after groups of subscribers: how far they are, what stopped."
)

HEADINGS = ("GROUP", "LAG", "STOPPED", "WHY")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.callback()
def group() -> None:
    """Look after groups of subscribers: how far they are, what stopped."""


@app.command("list")
def list_groups(as_json: Json = False) -> None:
    """Show how far each group is behind, and which have stopped."""
    settings = load_settings()

    async def run() -> None:
        async with operating(settings) as operator:
            found = await SubscriberGroups(operator.database).all()
        if as_json:
            print_json({"groups": [_facts(each) for each in found]})
        else:
            typer.echo(_table(found))

    asyncio.run(run())


@app.command("go-on")
def go_on(
    name: Annotated[str, typer.Argument(metavar="GROUP")],
    as_json: Json = False,
) -> None:
    """Let a group go on that has stopped, when what made its events die is mended."""
    settings = load_settings()

    async def run() -> None:
        async with operating(settings) as operator:
            groups = SubscriberGroups(operator.database)

            async def decide(work: UnitOfWork) -> GroupState:
                return await groups.go_on(work, name, operator.name)

            state = await operator.decide(decide)
        if as_json:
            print_json(_facts(state))
        else:
            typer.echo(f"{name} goes on where it stopped, in every process, within seconds.")

    asyncio.run(run())


def _facts(state: GroupState) -> dict[str, Any]:
    """The state in JSON's own types."""
    stop = state.stop and {
        "reason": state.stop.reason,
        "dead_letters": state.stop.dead_letters,
        "stopped_at": rfc3339(state.stop.stopped_at),
    }
    return {"name": state.name, "lag": state.lag, "stop": stop}


def _table(found: Sequence[GroupState]) -> str:
    return in_columns(HEADINGS, [_cells(each) for each in found])


def _cells(state: GroupState) -> tuple[str, ...]:
    if state.stop is None:
        return state.name, str(state.lag), "-", "-"
    since = f"{age(state.stop.stopped_at, utc_now())} ago"
    return state.name, str(state.lag), since, state.stop.reason
