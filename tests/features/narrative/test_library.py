"""The story as MongoDB keeps it, and as an earlier version of the program has left it there."""

import asyncio
from collections.abc import Callable
from time import monotonic

from tests.features.narrative.stories import SMALL_STORY
from yabot.features.narrative.documents import COLLECTIONS, FRAGMENTS, STORIES
from yabot.features.narrative.library import FRESH_FOR, Library
from yabot.features.narrative.story import parse_story
from yabot.features.narrative.story.demo import DEMO_FILE, demo_story
from yabot.storage.documents.store import DocumentStore

STORY = parse_story(
    SMALL_STORY.replace("It opens something.}\n", "It opens something.}\n    earned: 7\n"),
    "tale.yaml",
)


async def test_what_a_hint_costs_is_kept(documents: DocumentStore) -> None:
    await Library(documents).replace(STORY)
    assert await Library(documents).current() == STORY


async def test_stories_that_are_imported_at_the_same_moment_replace_each_other(
    new_documents: Callable[[], DocumentStore],
) -> None:
    """As processes do that start together on an empty MongoDB."""
    stores = [new_documents() for _ in range(4)]
    await asyncio.gather(*(store.ensure(COLLECTIONS) for store in stores))
    stories = [STORY, parse_story(demo_story(), DEMO_FILE)]
    for _ in range(3):
        libraries = [Library(store) for store in stores]
        await asyncio.gather(
            *(
                library.replace(stories[n % 2], begin_again=True)
                for n, library in enumerate(libraries)
            )
        )
        assert await Library(stores[0]).current() in stories


async def test_an_earlier_versions_story_is_read_once(documents: DocumentStore) -> None:
    """It has no word of what hints cost, and counted its revision without it."""
    await Library(documents).replace(STORY)
    older = {"$set": {"revision": "0123456789ab"}}
    await documents[FRAGMENTS].update_many({}, older)
    await documents[STORIES].update_one({}, older | {"$unset": {"hints.key.earned": ""}})

    library = Library(documents)
    story = await library.current()
    assert story is not None
    assert story.hints["key"].earned is None
    enough = monotonic() + 1.5 * FRESH_FOR
    while monotonic() < enough:
        assert await library.current() is story
        await asyncio.sleep(FRESH_FOR / 10)
