"""Where the story is kept. Readers see one revision or the next, never a mixture."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession as Session
from pymongo.errors import PyMongoError

from yabot.error_text import kind_of
from yabot.errors import GuardFailed, InvalidInput, StoreUnavailable
from yabot.features.narrative.changes import FragmentChange
from yabot.features.narrative.documents import (
    CURRENT,
    FRAGMENTS,
    STORIES,
    from_documents,
    to_documents,
)
from yabot.features.narrative.state import PROGRESS
from yabot.features.narrative.story.model import Story, removed_without_move
from yabot.features.users.states import COLLECTION as USERS
from yabot.observability.logging import get_logger
from yabot.storage.documents.store import DocumentStore

log = get_logger(__name__)

# Seconds for which a story may be shown before MongoDB is asked for a newer one.
FRESH_FOR = 1.0
STANDS_IN = f"{PROGRESS.path}.current_fragment"
READS = 5
# Seconds between attempts to bring a change to MongoDB while another process changes the story.
PAUSES = (0.05, 0.1, 0.2, 0.4)
# No revision: the story that is there when the switch begins may be replaced.
WHATEVER = "whatever"


# The changes that SQL has committed after that number, in order. Raises StoreUnavailable.
Committed = Callable[[int], Awaitable[Sequence[FragmentChange]]]


@dataclass(frozen=True, slots=True)
class Edition:
    """A story as it is stored. ``revision`` is the stored one: an earlier version of the program
    may have computed it differently. ``changes`` is the number of the last fragment change in it.
    """

    story: Story
    revision: str
    changes: int


async def _nothing(_number: int) -> Sequence[FragmentChange]:
    """No changes, for import and export: only the running program follows SQL."""
    return ()


class Library:
    def __init__(self, documents: DocumentStore, committed: Committed = _nothing) -> None:
        self._documents = documents
        self._committed = committed
        self._edition: Edition | None = None
        self._checked_at = -FRESH_FOR
        self._check: asyncio.Task[Edition | None] | None = None
        self._following: asyncio.Task[bool] | None = None
        self._looking = asyncio.Lock()
        self._bringing = asyncio.Lock()

    async def current(self) -> Story | None:
        """The story that readers see; None before the first import. Raises StoreUnavailable."""
        if monotonic() - self._checked_at >= FRESH_FOR:
            # All readers that ask at once share one query.
            if self._check is None or self._check.done():
                self._check = asyncio.create_task(self._look())
            if self._following is None or self._following.done():
                # No reader waits for this: its result is seen at a later look.
                self._following = asyncio.create_task(self._catch_up())
            await asyncio.shield(self._check)
        return self._edition.story if self._edition else None

    async def newest(self) -> Edition | None:
        """The story with all that SQL has committed by now. Raises StoreUnavailable.

        A change that MongoDB does not take now waits for the next look; the story lacks it until
        then.
        """
        for pause in PAUSES:
            if await self._catch_up():
                break
            await asyncio.sleep(pause)
        return await self._look()

    async def _look(self) -> Edition | None:
        # One at a time, so that a slow look does not bring back a story that a later one replaced.
        async with self._looking:
            own = await self._documents.find(STORIES, CURRENT)
            if not _is_of(self._edition, own):
                self._edition = await self._load()
            self._checked_at = monotonic()
            return self._edition

    async def _catch_up(self) -> bool:
        """Bring SQL's changes to MongoDB. False: another process is changing the story just now."""
        async with self._bringing:
            try:
                own = await self._documents.find(STORIES, CURRENT)
                for change in await self._committed(_changes_in(own)) if own else ():
                    await self._take(change)
            except GuardFailed:
                return False
            except (StoreUnavailable, PyMongoError) as error:
                log.warning("story.change_waits", reason=kind_of(error))
            return True

    async def _take(self, change: FragmentChange) -> None:
        """Apply a change once, however often this is tried, and only to its ``base_revision``.

        Raises StoreUnavailable, GuardFailed; the change is then there completely or not at all.
        """

        async def switch(session: Session) -> None:
            own = await self._documents[STORIES].find_one({"_id": CURRENT}, session=session)
            if own is None or _changes_in(own) >= change.number:
                return
            if own["revision"] == change.base_revision:
                fragments = await self._documents[FRAGMENTS].find({}, session=session).to_list()
                story = from_documents(own, fragments).with_fragment(change.after)
                await self._write(story, session, change.number)
                return
            # An import has replaced the story for which the change was made: it has no effect.
            passed = {"$set": {"changes": change.number}}
            await self._documents[STORIES].update_one({"_id": CURRENT}, passed, session=session)

        await self._documents.attempt(switch)

    async def revision(self) -> str | None:
        """The revision of the story that readers see; None without one. Raises StoreUnavailable."""
        own = await self._documents.find(STORIES, CURRENT)
        return None if own is None else str(own["revision"])

    async def replace(
        self, story: Story, *, over: str | None = WHATEVER, begin_again: bool = False
    ) -> int:
        """Switch to ``story`` in one transaction; returns how many readers have to begin again.

        ``over`` is the ``revision`` that the import found when it began. Raises InvalidInput when
        another import was faster, or when readers stand in a fragment that would be gone and may
        not ``begin_again``; StoreUnavailable: the story is then there completely or not at all.
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
            await self._write(story, session, _changes_in(own or {}))
            return sum(stranded.values())

        beginners = await self._documents.transaction(switch)
        self._checked_at = -FRESH_FOR
        return beginners

    async def fill(self, story: Story) -> bool:
        """Switch to ``story`` if there is none yet. False: there is one, which stays.

        Raises StoreUnavailable; the story is then there completely or not at all.
        """

        async def begin(session: Session) -> bool:
            if await self._documents[STORIES].find_one({"_id": CURRENT}, session=session):
                return False
            await self._write(story, session, 0)
            return True

        filled = await self._documents.transaction(begin)
        self._checked_at = -FRESH_FOR
        return filled

    async def _load(self) -> Edition | None:
        for _ in range(READS):
            own = await self._documents.find(STORIES, CURRENT)
            if own is None:
                return None
            with self._documents.answering():
                fragments = await self._documents[FRAGMENTS].find({}).to_list()
            # Fragments of another revision: a switch came in between, so read again.
            if all(fragment["revision"] == own["revision"] for fragment in fragments):
                return Edition(from_documents(own, fragments), own["revision"], _changes_in(own))
        raise StoreUnavailable("MongoDB", "the story keeps changing while it is read")

    async def _stranded(self, story: Story, session: Session) -> dict[str, int]:
        """How many readers stand in each fragment that ``story`` neither has nor moves."""
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

    async def _write(self, story: Story, session: Session, changes: int) -> None:
        own, fragments = to_documents(story, changes)
        await self._documents[FRAGMENTS].delete_many({}, session=session)
        await self._documents[FRAGMENTS].insert_many(fragments, session=session)
        # Every import writes this document: of two concurrent ones, MongoDB makes one start again.
        await self._documents[STORIES].replace_one(
            {"_id": CURRENT}, own, upsert=True, session=session
        )


def _changes_in(own: Mapping[str, Any]) -> int:
    """0 in a document from before there were changes."""
    return int(own.get("changes", 0))


def _is_of(edition: Edition | None, own: Mapping[str, Any] | None) -> bool:
    if edition is None or own is None:
        return edition is None and own is None
    return (edition.revision, edition.changes) == (own["revision"], _changes_in(own))


def _refusal(stranded: dict[str, int]) -> str:
    readers = sum(stranded.values())
    where = ", ".join(f"{fragment} ({count})" for fragment, count in stranded.items())
    return (
        f"{readers} reader{'s stand' if readers != 1 else ' stands'} in fragments that this story "
        f"does not have: {where}; add each to `moved`, with the fragment where they go on, or "
        "import with --begin-again"
    )
