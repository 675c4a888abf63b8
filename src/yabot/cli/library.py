"""The story in MongoDB, for `yabot story import` and `export`."""

import asyncio
from pathlib import Path

from yabot.app.stores import open_documents
from yabot.cli.context import load_settings
from yabot.cli.files import read_named
from yabot.cli.progress import progress
from yabot.errors import InvalidInput
from yabot.features.narrative.documents import COLLECTIONS
from yabot.features.narrative.library import Library
from yabot.features.narrative.story.export import export_story
from yabot.features.narrative.story.parser import Examined, examine_story


async def import_file(file: Path, begin_again: bool) -> tuple[Examined, int]:
    """Import the file; returns the story, and how many readers begin again."""
    settings, text = load_settings(), read_named(file, "a story file")
    async with open_documents(settings) as documents:
        await documents.ensure(COLLECTIONS)
        library = Library(documents)
        # Read before the check, which may take long: a story imported meanwhile is not overwritten.
        over = await library.revision()
        with progress("checking the story"):
            examined = await asyncio.to_thread(examine_story, text, file.name)
        with progress("replacing the story"):
            beginners = await library.replace(examined.story, over=over, begin_again=begin_again)
    return examined, beginners


async def export_text() -> str:
    async with open_documents(load_settings()) as documents:
        story = await Library(documents).current()
    if story is None:
        raise InvalidInput("there is no story yet; `yabot story import FILE` brings one")
    return export_story(story)
