"""Replaces one fragment of the story: decides on the newest story, and commits in SQL.

MongoDB follows SQL: see ``Library``.
"""

import asyncio
from collections.abc import Mapping, Sequence

from yabot.errors import StoreUnavailable
from yabot.features.narrative import changes
from yabot.features.narrative.changes import FragmentChange
from yabot.features.narrative.library import Edition, Library
from yabot.features.narrative.story.model import Story
from yabot.features.narrative.story.revising import revised
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Database

log = get_logger(__name__)


class StoryEditor:
    def __init__(self, library: Library, database: Database) -> None:
        self._library = library
        self._database = database

    async def newest(self) -> Edition | None:
        """The story to decide on; None before the first import. Raises StoreUnavailable."""
        return await self._library.newest()

    async def replace(
        self,
        work: UnitOfWork,
        edition: Edition,
        fragment_id: str,
        fields: Mapping[str, object],
        by: str,
    ) -> Story:
        """The story with one of its fragments replaced by ``fields``, which are as in a story file.

        The unit fails its guard when another fragment change came first. Raises FragmentInvalid.
        """
        # In a thread, because every way through the story is played.
        story = await asyncio.to_thread(revised, edition.story, fragment_id, fields)
        before, after = edition.story.fragments[fragment_id], story.fragments[fragment_id]
        if after != before:
            number = edition.changes + 1
            work.add(changes.add(number, edition.revision, before, after, by))
        return story

    async def follow(self) -> None:
        """Let readers see what was committed; if MongoDB is away, they will once it is back."""
        try:
            await self._library.newest()
        except StoreUnavailable as failure:
            log.info("story.change_waits", reason=failure.reason)

    async def history(
        self, fragment_id: str, before_number: int, most: int
    ) -> Sequence[FragmentChange]:
        """The changes of a fragment with numbers below ``before_number``, newest first."""
        return await self._database.read(changes.history(fragment_id, before_number, most))
