"""`yabot dlq`: what could not be processed, and what becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from yabot.bus.dead_letters.letters import HIGHEST_ID, Selection, State
from yabot.bus.dead_letters.service import AT_ONCE, DISCARDABLE, RETRIABLE, DeadLetters
from yabot.cli import letters
from yabot.cli.context import load_settings
from yabot.cli.operators import Operator, operating
from yabot.cli.showing import print_json
from yabot.log.commit_log import Decision
from yabot.log.unit_of_work import UnitOfWork
from yabot.redaction import Redactor
from yabot.runtime.portions import portions

app = typer.Typer(no_args_is_help=True, help="Look after events that could not be processed.")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Ids = Annotated[
    list[int] | None,
    typer.Argument(min=1, max=HIGHEST_ID, help="As `yabot dlq list` shows them."),
]
Type = Annotated[str | None, typer.Option("--type", help="All of this type of event.")]
Error = Annotated[str | None, typer.Option("--error", help="All that failed with this code.")]
Consumer = Annotated[str | None, typer.Option("--consumer", help="All of this subscriber.")]

# Adds changes of those letters to the unit that can be changed, and returns their ids.
Change = Callable[[UnitOfWork, Sequence[int]], Awaitable[list[int]]]


@app.callback()
def group() -> None:
    """Look after events that could not be processed."""


@app.command("list")
def list_letters(
    state: Annotated[
        State, typer.Option(help="dead: given up. retrying: still tried by itself. retry: waits.")
    ] = "dead",
    as_json: Json = False,
) -> None:
    """Count dead letters by subscriber, type of event and error."""
    settings = load_settings()

    async def run() -> None:
        async with operating(settings) as operator:
            groups = await DeadLetters(operator.database).groups(state)
        if as_json:
            print_json({"state": state, "groups": [asdict(each) for each in groups]})
        else:
            typer.echo(letters.table(state, groups))

    asyncio.run(run())


@app.command("show")
def show(
    letter_id: Annotated[int, typer.Argument(min=1, max=HIGHEST_ID, metavar="ID")],
    as_json: Json = False,
) -> None:
    """Show one: the event, why it failed, and the events that led to it."""
    settings = load_settings()
    redactor = Redactor(settings.secrets())

    async def run() -> None:
        async with operating(settings) as operator:
            dead_letters = DeadLetters(operator.database)
            letter = await dead_letters.get(letter_id)
            before = await dead_letters.before(letter)
        shown = redactor.mapping(letters.as_json(letter, before))
        if as_json:
            print_json(shown)
        else:
            typer.echo(letters.page(shown))

    asyncio.run(run())


@app.command("retry")
def retry(
    ids: Ids = None,
    event_type: Type = None,
    error: Error = None,
    consumer: Consumer = None,
    rate: Annotated[
        int | None,
        typer.Option(min=1, help="Hand over so many a second; the worker takes 20 at most."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Have the running worker try dead letters again: these, or all that match now."""
    settings, selection = load_settings(), _selection(ids, event_type, error, consumer)

    async def run() -> None:
        async with operating(settings) as operator:
            dead_letters = DeadLetters(operator.database)

            async def change(work: UnitOfWork, portion: Sequence[int]) -> list[int]:
                return await dead_letters.retry(work, portion, operator.name)

            wanted = await _wanted(dead_letters, ids, selection, RETRIABLE)
            done = await _in_portions(operator, change, wanted, rate)
        _report(wanted, done, "retried", as_json)
        if done and not as_json:
            typer.echo(
                "The worker takes up to 20 a second. `yabot dlq list --state retry` shows what "
                "waits for it, `yabot dlq list` what has failed again."
            )

    asyncio.run(run())


@app.command("discard")
def discard(
    note: Annotated[str, typer.Option(help="Why; it is kept with them.")],
    ids: Ids = None,
    event_type: Type = None,
    error: Error = None,
    consumer: Consumer = None,
    as_json: Json = False,
) -> None:
    """Give dead letters up: these, or all that match now."""
    if not note.strip():
        raise typer.BadParameter("say in a few words why they are given up", param_hint="--note")
    settings, selection = load_settings(), _selection(ids, event_type, error, consumer)

    async def run() -> None:
        async with operating(settings) as operator:
            dead_letters = DeadLetters(operator.database)

            async def change(work: UnitOfWork, portion: Sequence[int]) -> list[int]:
                return await dead_letters.discard(work, portion, note.strip(), operator.name)

            wanted = await _wanted(dead_letters, ids, selection, DISCARDABLE)
            done = await _in_portions(operator, change, wanted, None)
        _report(wanted, done, "discarded", as_json)

    asyncio.run(run())


def _selection(
    ids: Sequence[int] | None, event_type: str | None, error: str | None, consumer: str | None
) -> Selection:
    selection = Selection(consumer, event_type, error)
    if bool(ids) == bool(selection):
        raise typer.BadParameter(
            "name either ids, or what all of them have in common: --type, --error, --consumer"
        )
    return selection


async def _wanted(
    dead_letters: DeadLetters,
    ids: Sequence[int] | None,
    selection: Selection,
    states: Sequence[State],
) -> list[int]:
    """The ids of the wanted letters; later ones are not among them."""
    if not ids:
        return await dead_letters.select(selection, states)
    wanted = list(dict.fromkeys(ids))
    await dead_letters.require(wanted, states)
    return wanted


async def _in_portions(
    operator: Operator, change: Change, wanted: Sequence[int], rate: int | None
) -> list[int]:
    """Change ``rate`` letters a second, or as many as possible. Progress goes to standard error."""
    done: list[int] = []
    for n, portion in enumerate(portions(wanted, rate or AT_ONCE)):
        if n and rate:
            await asyncio.sleep(1)
        done += await operator.decide(_changing(change, portion))
        if len(wanted) > len(portion):
            typer.echo(f"{len(done)} of {len(wanted)}", err=True)
    return done


def _changing(change: Change, ids: Sequence[int]) -> Decision[list[int]]:
    async def decide(work: UnitOfWork) -> list[int]:
        return await change(work, ids)

    return decide


def _report(wanted: Sequence[int], done: Sequence[int], what: str, as_json: bool) -> None:
    skipped = sorted(set(wanted) - set(done))
    if as_json:
        print_json({what: list(done), "skipped": skipped})
    elif not wanted:
        typer.echo("No dead letter matches; nothing was changed.")
    else:
        typer.echo(letters.outcome(what, done, skipped))
