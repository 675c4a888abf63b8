"""MongoDB follows the changes of fragments that SQL has committed: each once, after any crash."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from tests.features.harness import Harness
from tests.features.narrative.stories import SMALL_STORY
from tests.waiting import until
from yabot.features.narrative import changes
from yabot.features.narrative.changes import FragmentChange
from yabot.features.narrative.documents import FRAGMENTS, STORIES
from yabot.features.narrative.editing import StoryEditor
from yabot.features.narrative.library import Library
from yabot.features.narrative.story import Story, parse_story
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore

OTHER = parse_story(SMALL_STORY.replace("The gate", "Another gate"), "other.yaml")


def library(harness: Harness, documents: DocumentStore | None = None) -> Library:
    """Of a program that has just started."""
    database = harness.services.database
    return Library(
        documents or harness.services.documents,
        lambda number: database.read(changes.changes_after(number)),
    )


async def commit(harness: Harness, title: str) -> None:
    """As the API does it, up to the commit: then the process dies."""
    editor = StoryEditor(library(harness), harness.services.database)

    async def decide(work: UnitOfWork) -> None:
        edition = await editor.newest()
        assert edition is not None
        garden = edition.story.fragments["garden"]
        fields = {"title": {**garden.title, "en": title}, "content": garden.content}
        await editor.replace(work, edition, "garden", {**fields, "ending": True}, "service:orders")

    await harness.commit(decide)


async def title_of(library: Library) -> str:
    """Of the fragment that the tests change, with all that the library knows to be committed."""
    edition = await library.newest()
    assert edition is not None
    return edition.story.fragments["garden"].title["en"]


async def test_whoever_looks_next_finds_what_a_dead_process_has_committed(
    harness: Harness,
) -> None:
    await commit(harness, "Eden")
    # MongoDB alone does not know yet; whoever looks with SQL brings it there.
    assert await title_of(Library(harness.services.documents)) == "The garden"
    assert await title_of(library(harness)) == "Eden"
    assert await title_of(Library(harness.services.documents)) == "Eden"


async def test_readers_bring_it_there_and_wait_for_nothing(harness: Harness) -> None:
    await commit(harness, "Eden")
    readers = library(harness)

    async def see_it() -> bool:
        story = await readers.current()
        assert story is not None
        return story.fragments["garden"].title["en"] == "Eden"

    await until(see_it)


async def test_what_a_dead_process_holds_keeps_no_reader_from_the_story(harness: Harness) -> None:
    """Killed in a transaction: MongoDB lets nobody else write there for a minute."""
    documents = harness.services.documents
    await commit(harness, "Eden")
    async with documents.client.start_session() as dead:
        await dead.start_transaction()
        touched = {"$set": {"changes": 0}}
        await documents[STORIES].update_one({"_id": "current"}, touched, session=dead)
        await documents[FRAGMENTS].delete_many({}, session=dead)
        assert await title_of(library(harness)) == "The garden"
        assert not documents.gate.suspected.is_set()
        await dead.abort_transaction()
    assert await title_of(library(harness)) == "Eden"


async def test_processes_that_look_at_once_bring_it_there_once(
    harness: Harness, new_documents: Callable[[], DocumentStore]
) -> None:
    await commit(harness, "Eden")
    others = [library(harness, new_documents()) for _ in range(4)]
    assert await asyncio.gather(*map(title_of, others)) == ["Eden"] * 4
    own = await harness.services.documents.find(STORIES, "current")
    assert own is not None
    assert own["changes"] == 1


async def test_a_change_that_comes_late_brings_nothing_back(harness: Harness) -> None:
    await commit(harness, "Eden")
    assert await title_of(library(harness)) == "Eden"
    # The story is what it was, so the first change would fit again.
    await commit(harness, "The garden")
    assert await title_of(library(harness)) == "The garden"
    (first, _) = await harness.services.database.read(changes.changes_after(0))

    async def late(_number: int) -> Sequence[FragmentChange]:
        return [first]

    assert await title_of(Library(harness.services.documents, late)) == "The garden"


async def test_an_import_that_was_faster_stays(harness: Harness, tale: Story) -> None:
    await commit(harness, "Eden")
    await Library(harness.services.documents).replace(OTHER, begin_again=True)
    assert await title_of(library(harness)) == "The garden"
    # Also when the story for which the change was made comes back.
    await Library(harness.services.documents).replace(tale)
    assert await title_of(library(harness)) == "The garden"
    await commit(harness, "Eden again")
    assert await title_of(library(harness)) == "Eden again"


async def test_a_mongodb_that_has_lost_it_gets_it_again(harness: Harness, tale: Story) -> None:
    for title in ("Eden", "Arcadia"):
        await commit(harness, title)
    assert await title_of(library(harness)) == "Arcadia"
    # A backup of before the changes.
    await harness.services.documents[STORIES].delete_many({})
    await Library(harness.services.documents).replace(tale)
    assert await title_of(library(harness)) == "Arcadia"


async def test_a_change_that_mongodb_refuses_keeps_no_reader_from_the_story(
    harness: Harness, tale: Story
) -> None:
    documents = harness.services.documents
    only = {"revision": tale.revision}
    await documents.database.command("collMod", STORIES, validator=only)
    await commit(harness, "Eden")
    assert await title_of(library(harness)) == "The garden"
    await documents.database.command("collMod", STORIES, validator={})
    assert await title_of(library(harness)) == "Eden"


@pytest.mark.parametrize("earlier", [{}, {"changes": 0}])
async def test_a_story_of_before_there_were_changes_can_be_changed(
    harness: Harness, earlier: dict[str, int]
) -> None:
    change = {"$set": earlier} if earlier else {"$unset": {"changes": ""}}
    await harness.services.documents[STORIES].update_one({}, change)
    await commit(harness, "Eden")
    assert await title_of(library(harness)) == "Eden"
