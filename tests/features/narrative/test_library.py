"""The story as MongoDB keeps it, and as an earlier version of the program has left it there."""

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, TypeVar

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession

from tests.features.narrative.stories import SMALL_STORY
from tests.waiting import until
from yabot.errors import InvalidInput
from yabot.features.narrative.documents import (
    COLLECTIONS,
    CURRENT,
    FRAGMENTS,
    STORIES,
    to_documents,
)
from yabot.features.narrative.library import FRESH_FOR, Library
from yabot.features.narrative.story import Story, parse_story
from yabot.features.narrative.story.demo import DEMO_FILE, demo_story
from yabot.storage.documents.store import DocumentStore

STORY = parse_story(
    SMALL_STORY.replace("It opens something.}\n", "It opens something.}\n    earned: 7\n"),
    "tale.yaml",
)
DEMO = parse_story(demo_story(), DEMO_FILE)

T = TypeVar("T")


async def test_what_a_hint_costs_is_kept(documents: DocumentStore) -> None:
    await Library(documents).replace(STORY)
    assert await Library(documents).current() == STORY


async def test_stories_that_are_imported_at_the_same_moment_replace_each_other(
    new_documents: Callable[[], DocumentStore],
) -> None:
    """As processes do that start together on an empty MongoDB."""
    stores = [new_documents() for _ in range(4)]
    await asyncio.gather(*(store.ensure(COLLECTIONS) for store in stores))
    stories = [STORY, DEMO]
    for _ in range(3):
        libraries = [Library(store) for store in stores]
        await asyncio.gather(
            *(
                library.replace(stories[n % 2], begin_again=True)
                for n, library in enumerate(libraries)
            )
        )
        assert await Library(stores[0]).current() in stories


async def overtaken(documents: DocumentStore, by: Story, slower: Coroutine[Any, Any, T]) -> T:
    """``slower`` reads what was there before an import of ``by``, and can only write after it."""
    own, fragments = to_documents(by)

    async def faster(session: AsyncClientSession) -> asyncio.Task[T]:
        await documents[FRAGMENTS].delete_many({}, session=session)
        await documents[FRAGMENTS].insert_many(fragments, session=session)
        await documents[STORIES].replace_one({"_id": CURRENT}, own, upsert=True, session=session)
        before = await given_up(documents)
        begun = asyncio.create_task(slower)

        async def met() -> bool:
            return await given_up(documents) > before

        await until(met)
        return begun

    return await (await documents.transaction(faster))


async def given_up(documents: DocumentStore) -> int:
    """How many transactions have met a conflict, or failed otherwise, so far."""
    status = await documents.database.command("serverStatus")
    return int(status["transactions"]["totalAborted"])


async def test_an_import_that_another_overtakes_asks_again_who_would_be_stranded(
    documents: DocumentStore,
) -> None:
    """It fits the story that it found, and not the one that it meets."""
    await Library(documents).replace(STORY)
    mended = STORY.model_copy(update={"story": "mended"})
    with pytest.raises(InvalidInput, match=f"readers may stand in .*{DEMO.start}"):
        await overtaken(documents, DEMO, Library(documents).replace(mended))
    assert await Library(documents).current() == DEMO


async def test_an_empty_library_is_filled_and_another_left_alone(
    documents: DocumentStore,
) -> None:
    library = Library(documents)
    assert await library.fill(STORY)
    assert await library.current() == STORY
    assert not await library.fill(DEMO)
    assert await Library(documents).current() == STORY


async def test_a_demo_that_an_operators_story_overtakes_leaves_it_alone(
    documents: DocumentStore,
) -> None:
    assert not await overtaken(documents, STORY, Library(documents).fill(DEMO))
    assert await Library(documents).current() == STORY


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
