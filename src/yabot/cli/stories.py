"""`yabot story`: stories in and out of MongoDB. Whoever only checks one needs no store."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from yabot.cli.files import read_named, write_named
from yabot.errors import StoryInvalid
from yabot.features.narrative.story.model import Story
from yabot.features.narrative.story.parser import Examined, examine_story

app = typer.Typer(no_args_is_help=True, help="Check, import and export stories.")

# Most fragments that a sentence names.
NAMED = 8

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
StoryFile = Annotated[Path, typer.Argument(help="A story file (YAML).", show_default=False)]


@app.command("check")
def check(file: StoryFile, as_json: Json = False) -> None:
    """Read a story file and name every mistake in it, by line, and what is not proved."""
    try:
        examined = _read(file)
    except StoryInvalid as error:
        if not as_json:
            raise
        typer.echo(_for_programs(error.problems))
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(_for_programs([], examined.unproved, examined.moved_to_vip))
    else:
        verdict = "" if examined.unproved else ", no mistakes"
        typer.echo(" ".join([f"{file}: {_summary(examined.story)}{verdict}.", *_remarks(examined)]))


@app.command("import")
def import_story(
    file: StoryFile,
    begin_again: Annotated[
        bool, typer.Option("--begin-again", help="Send readers of removed fragments to the start.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a story file the story that readers see, all of it at once."""
    from yabot.cli.library import import_file

    examined, beginners = asyncio.run(import_file(file, begin_again))
    story = examined.story
    if as_json:
        told = {
            "story": story.story,
            "revision": story.revision,
            "fragments": len(story.fragments),
            "languages": story.languages,
            "begin_again": beginners,
            "unproved": examined.unproved,
            "moved_to_vip": examined.moved_to_vip,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"Readers now see '{story.story}' ({_summary(story)}, revision {story.revision}).")
    if beginners:
        typer.echo(f"{beginners} of them begin again.")
    for remark in _remarks(examined):
        typer.echo(remark, err=True)


@app.command("export")
def export(file: StoryFile) -> None:
    """Write the story that readers see to a file."""
    from yabot.cli.library import export_text

    write_named(file, asyncio.run(export_text()))
    typer.echo(f"Written to {file}.")


def _read(file: Path) -> Examined:
    return examine_story(read_named(file, "a story file"), file.name)


def _summary(story: Story) -> str:
    return f"{len(story.fragments)} fragments in {', '.join(story.languages)}"


def _for_programs(
    mistakes: Sequence[str], unproved: Sequence[str] = (), moved_to_vip: Sequence[str] = ()
) -> str:
    told = {"mistakes": mistakes, "unproved": unproved, "moved_to_vip": moved_to_vip}
    return json.dumps(told, ensure_ascii=False)


def _remarks(examined: Examined) -> list[str]:
    """Remarks on what is no mistake, but perhaps not what the author wants."""
    remarks = []
    if examined.unproved:
        remarks.append(
            f"Not proved: that every reader comes to an end from {_named(examined.unproved)}. "
            "There are too many ways to stand there with other hints; the ones that were tried are "
            "right."
        )
    if examined.moved_to_vip:
        remarks.append(
            f"Whoever stood in {_named(examined.moved_to_vip)} and has no VIP is moved to a "
            "fragment that is VIP only, and can only start again."
        )
    return remarks


def _named(fragments: Sequence[str]) -> str:
    more = len(fragments) - NAMED
    return ", ".join(fragments[:NAMED]) + (f" and {more} others" if more > 0 else "")
