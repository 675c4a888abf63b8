"""`yabot story`: stories in and out of MongoDB."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from yabot.cli.context import load_settings
from yabot.cli.files import read_named, write_named
from yabot.errors import InvalidInput
from yabot.features.narrative.documents import COLLECTIONS
from yabot.features.narrative.library import Library
from yabot.features.narrative.story.export import export_story
from yabot.features.narrative.story.model import Story
from yabot.features.narrative.story.parser import parse_story
from yabot.settings import Settings
from yabot.stores import open_documents

app = typer.Typer(no_args_is_help=True, help="Check, import and export stories.")

StoryFile = Annotated[Path, typer.Argument(help="A story file (YAML).", show_default=False)]


@app.command("check")
def check(file: StoryFile) -> None:
    """Read a story file and name every mistake in it, by line."""
    story = _read(file)
    typer.echo(f"{file}: {_summary(story)}, no mistakes.")


@app.command("import")
def import_story(
    file: StoryFile,
    begin_again: Annotated[
        bool, typer.Option("--begin-again", help="Send readers of removed fragments to the start.")
    ] = False,
) -> None:
    """Make a story file the story that readers see, all of it at once."""
    story = _read(file)
    asyncio.run(_import(load_settings(), story, begin_again))
    typer.echo(f"Readers now see '{story.story}' ({_summary(story)}, revision {story.revision}).")


@app.command("export")
def export(file: StoryFile) -> None:
    """Write the story that readers see to a file."""
    text = asyncio.run(_export(load_settings()))
    write_named(file, text)
    typer.echo(f"Written to {file}.")


def _read(file: Path) -> Story:
    return parse_story(read_named(file, "a story file"), file.name)


def _summary(story: Story) -> str:
    return f"{len(story.fragments)} fragments in {', '.join(story.languages)}"


async def _import(settings: Settings, story: Story, begin_again: bool) -> None:
    async with open_documents(settings) as documents:
        await documents.ensure(COLLECTIONS)
        await Library(documents).replace(story, begin_again=begin_again)


async def _export(settings: Settings) -> str:
    async with open_documents(settings) as documents:
        story = await Library(documents).current()
    if story is None:
        raise InvalidInput("there is no story yet; `yabot story import FILE` brings one")
    return export_story(story)
