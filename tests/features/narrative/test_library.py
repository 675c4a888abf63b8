"""The story as MongoDB keeps it, and as an earlier version of the program has left it there."""

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, TypeVar

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession

from tests.e2e.route import STORY as DEMO
from tests.features.narrative.stories import SMALL_STORY
from tests.log.units import State
from tests.waiting import until
from yabot.clock import utc_now
from yabot.errors import InvalidInput
from yabot.features.narrative.documents import (
    COLLECTIONS,
    CURRENT,
    FRAGMENTS,
    STORIES,
    to_documents,
)
from yabot.features.narrative.library import FRESH_FOR, Library
from yabot.features.narrative.state import PROGRESS, NarrativeProgress
from yabot.features.narrative.story import Story, parse_story
from yabot.storage.documents.model import Collection
from yabot.storage.documents.store import DocumentStore

STORY = parse_story(
    SMALL_STORY.replace("It opens something.}\n", "It opens something.}\n    earned: 7\n"),
    "tale.yaml",
)

T = TypeVar("T")


async def test_what_a_hint_costs_is_kept(documents: DocumentStore) -> None:
    await Library(documents).replace(STORY)
    assert await Library(documents).current() == STORY


async def test_of_stories_that_are_imported_at_the_same_moment_one_wins_and_the_others_hear(
    new_documents: Callable[[], DocumentStore],
) -> None:
    """As processes do that start together on an empty MongoDB."""
    stores = [new_documents() for _ in range(4)]
    await asyncio.gather(*(store.ensure(COLLECTIONS) for store in stores))
    stories = [STORY, DEMO]
    for _ in range(3):
        libraries = [Library(store) for store in stores]
        ends = await asyncio.gather(
            *(
                library.replace(stories[n % 2], begin_again=True)
                for n, library in enumerate(libraries)
            ),
            return_exceptions=True,
        )
        assert 0 in ends
        refused = [str(end) for end in ends if end != 0]
        assert all(told.startswith("another import was faster: ") for told in refused)
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


async def test_an_import_that_another_overtakes_does_not_overwrite_it(
    documents: DocumentStore,
) -> None:
    """It was meant for the story that it found, not for the one that it meets."""
    await Library(documents).replace(STORY)
    mended = STORY.model_copy(update={"story": "mended"})
    with pytest.raises(InvalidInput, match=r"^another import was faster: readers see 'half_a"):
        await overtaken(documents, DEMO, Library(documents).replace(mended, begin_again=True))
    assert await Library(documents).current() == DEMO


async def test_a_slow_import_does_not_overwrite_what_came_while_it_was_checked(
    documents: DocumentStore,
) -> None:
    await Library(documents).replace(STORY)
    slow = Library(documents)
    found = await slow.revision()
    await Library(documents).replace(DEMO, begin_again=True)
    mended = STORY.model_copy(update={"story": "mended"})
    with pytest.raises(InvalidInput, match="another import was faster"):
        await slow.replace(mended, over=found, begin_again=True)
    assert await slow.replace(DEMO, over=found) == 0


async def test_an_earlier_revision_can_be_imported_again_where_nobody_stands_on_a_new_page(
    documents: DocumentStore,
) -> None:
    """The later one had added pages."""
    await documents.ensure([Collection("users", State)])
    library = Library(documents)
    await library.replace(STORY)
    await library.replace(DEMO, begin_again=True)
    await stand(documents, "1", STORY.start)
    assert await library.replace(STORY) == 0
    await library.replace(DEMO, begin_again=True)
    for user_id in ("2", "3"):
        await stand(documents, user_id, DEMO.start)
    told = rf"^2 readers stand in fragments .*: {DEMO.start} \(2\);"
    with pytest.raises(InvalidInput, match=told):
        await library.replace(STORY)
    assert await Library(documents).current() == DEMO
    moved = STORY.model_copy(update={"moved": {DEMO.start: STORY.start}})
    assert await library.replace(moved) == 0
    await library.replace(DEMO, begin_again=True)
    assert await library.replace(STORY, begin_again=True) == 2


async def stand(documents: DocumentStore, user_id: str, fragment: str) -> None:
    """A reader, there."""
    now = utc_now()
    state = State(id=user_id, version=1, created_at=now, updated_at=now)
    standing = PROGRESS.put(state, NarrativeProgress(current_fragment=fragment))
    await documents["users"].insert_one(standing.model_dump(by_alias=True))


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
