"""Where the story is kept. Readers see one revision or the next, never a mixture."""

import asyncio
from time import monotonic

from pymongo.asynchronous.client_session import AsyncClientSession as Session

from yabot.errors import InvalidInput, StoreUnavailable
from yabot.features.narrative.documents import (
    CURRENT,
    FRAGMENTS,
    STORIES,
    from_documents,
    to_documents,
)
from yabot.features.narrative.state import PROGRESS
from yabot.features.narrative.story.model import Story, removed_without_move
from yabot.features.users.service import COLLECTION as USERS
from yabot.storage.documents.store import DocumentStore

# How long, in seconds, an import may go unseen.
FRESH_FOR = 1.0
STANDS_IN = f"{PROGRESS.path}.current_fragment"
READS = 5
# Of no story: whoever names no revision replaces the one that is there when the switch begins.
WHATEVER = "whatever"


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

    async def revision(self) -> str | None:
        """Of the story that readers see; None before the first import. Raises StoreUnavailable."""
        own = await self._documents.find(STORIES, CURRENT)
        return None if own is None else str(own["revision"])

    async def replace(
        self, story: Story, *, over: str | None = WHATEVER, begin_again: bool = False
    ) -> int:
        """Switch to ``story``, whole, in one transaction; gives how many readers begin again.

        ``over`` is the ``revision`` that the import found when it began. Raises InvalidInput when
        readers stand in a fragment that would be gone, unless they may ``begin_again``, and when
        another import was faster; StoreUnavailable: then it is either all there or not at all.
        """
        found = await self.revision() if over == WHATEVER else over

        async def switch(session: Session) -> int:
            own = await self._documents[STORIES].find_one({"_id": CURRENT}, session=session)
            if own is not None and own["revision"] not in (found, story.revision):
                raise InvalidInput(
                    f"another import was faster: readers see '{own['story']}' in revision "
                    f"{own['revision']} now; look at it (`yabot story export FILE`), and import "
                    "again if yours is to replace it"
                )
            stranded = await self._stranded(story, session)
            if stranded and not begin_again:
                raise InvalidInput(_refusal(stranded))
            await self._write(story, session)
            return sum(stranded.values())

        beginners = await self._documents.transaction(switch)
        self._story, self._revision = story, story.revision
        return beginners

    async def fill(self, story: Story) -> bool:
        """Switch to ``story`` if there is none yet; False: there is one, and it stays.

        Raises StoreUnavailable: then it is either all there or not at all.
        """

        async def begin(session: Session) -> bool:
            if await self._documents[STORIES].find_one({"_id": CURRENT}, session=session):
                return False
            await self._write(story, session)
            return True

        filled = await self._documents.transaction(begin)
        if filled:
            self._story, self._revision = story, story.revision
        return filled

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

    async def _stranded(self, story: Story, session: Session) -> dict[str, int]:
        """How many readers stand in each fragment from which ``story`` leads nowhere."""
        places = await self._places(session)
        gone = removed_without_move(places, story)
        if not gone:
            return {}
        counted = await self._documents[USERS].aggregate(
            [{"$match": {STANDS_IN: {"$in": gone}}}, {"$sortByCount": f"${STANDS_IN}"}],
            session=session,
        )
        return {found["_id"]: found["count"] async for found in counted}

    async def _places(self, session: Session) -> list[str]:
        """Every fragment where a reader may stand; none before the first import."""
        own = await self._documents[STORIES].find_one({"_id": CURRENT}, session=session)
        if own is None:
            return []
        fragments = await self._documents[FRAGMENTS].distinct("_id", session=session)
        return [*fragments, *own["moved"]]

    async def _write(self, story: Story, session: Session) -> None:
        own, fragments = to_documents(story)
        await self._documents[FRAGMENTS].delete_many({}, session=session)
        await self._documents[FRAGMENTS].insert_many(fragments, session=session)
        # Every import writes this one: of two at the same time, one begins again.
        await self._documents[STORIES].replace_one(
            {"_id": CURRENT}, own, upsert=True, session=session
        )


def _refusal(stranded: dict[str, int]) -> str:
    readers = sum(stranded.values())
    where = ", ".join(f"{fragment} ({count})" for fragment, count in stranded.items())
    return (
        f"{readers} reader{'s stand' if readers != 1 else ' stands'} in fragments that this story "
        f"does not have: {where}; add each to `moved`, with the fragment where they go on, or "
        "import with --begin-again"
    )
