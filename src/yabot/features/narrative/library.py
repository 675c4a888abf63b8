"""Where the story is kept. Readers see one revision or the next, never a mixture."""

import asyncio
from time import monotonic

import pymongo
from pymongo.asynchronous.client_session import AsyncClientSession as Session

from yabot.errors import InvalidInput, StoreUnavailable
from yabot.features.narrative.documents import (
    CURRENT,
    FRAGMENTS,
    STORIES,
    from_documents,
    to_documents,
)
from yabot.features.narrative.story.model import Story, removed_without_move
from yabot.storage.documents.store import DocumentStore

# How long, in seconds, an import may go unseen.
FRESH_FOR = 1.0
READS = 5
# How long, in seconds, an import may take, with all that it has to begin again.
WRITE_SECONDS = 30.0


class Library:
    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._story: Story | None = None
        # As it is stored: an earlier version of the program may have counted it otherwise.
        self._revision: str | None = None
        self._checked_at = -FRESH_FOR
        self._check: asyncio.Task[None] | None = None

    async def current(self) -> Story | None:
        """The story that readers see; None before the first import. Raises StoreUnavailable."""
        if monotonic() - self._checked_at >= FRESH_FOR:
            # However many readers ask at once, MongoDB is asked once.
            if self._check is None or self._check.done():
                self._check = asyncio.create_task(self._look())
            await asyncio.shield(self._check)
        return self._story

    async def _look(self) -> None:
        own = await self._documents.find(STORIES, CURRENT)
        revision = None if own is None else own["revision"]
        if revision != self._revision:
            self._story = await self._load()
            self._revision = revision
        self._checked_at = monotonic()

    async def replace(self, story: Story, *, begin_again: bool = False) -> None:
        """Switch to ``story``, whole, in one transaction.

        Raises InvalidInput when a reader may stand in a fragment that would be gone, unless they
        may ``begin_again``; StoreUnavailable: then it is either all there or not at all.
        """
        old = await self._load()
        stranded = removed_without_move([*old.fragments, *old.moved], story) if old else []
        if stranded and not begin_again:
            raise InvalidInput(
                f"readers may stand in {', '.join(stranded)}, which this story does not have: "
                "add each to `moved`, with the fragment where they go on, or import with "
                "--begin-again"
            )
        await self._write(story)
        self._story, self._revision = story, story.revision

    async def _load(self) -> Story | None:
        for _ in range(READS):
            own = await self._documents.find(STORIES, CURRENT)
            if own is None:
                return None
            with self._documents.answering():
                fragments = await self._documents[FRAGMENTS].find({}).to_list()
            # A reader that comes between two revisions looks again.
            if all(fragment["revision"] == own["revision"] for fragment in fragments):
                return from_documents(own, fragments)
        raise StoreUnavailable("MongoDB", "the story keeps changing while it is read")

    async def _write(self, story: Story) -> None:
        own, fragments = to_documents(story)

        async def switch(session: Session) -> None:
            await self._documents[FRAGMENTS].delete_many({}, session=session)
            await self._documents[FRAGMENTS].insert_many(fragments, session=session)
            await self._documents[STORIES].replace_one(
                {"_id": CURRENT}, own, upsert=True, session=session
            )

        with self._documents.answering(), pymongo.timeout(WRITE_SECONDS):
            async with self._documents.client.start_session() as session:
                # Again from its beginning when another process is importing at the same time.
                await session.with_transaction(switch)
