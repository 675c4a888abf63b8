"""Whoever asks the service to react: only a page that the reader has had before them counts."""

import pytest

from tests.e2e.route import STORY
from tests.features.users.storage.world import World, ana, new_world
from tests.log.units import unit
from yabot.bot.message import message
from yabot.features.narrative.events import ReactionDetected
from yabot.features.narrative.library import Library
from yabot.features.narrative.service import Refusal
from yabot.features.users.service import User
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

HAD, NEVER_HAD = STORY.start, "box_office"


@pytest.fixture
async def world(sqlite_database: Database, documents: DocumentStore) -> World:
    await Library(documents).replace(STORY)
    return new_world(sqlite_database, documents)


async def react(world: World, user: User, content_id: str) -> tuple[Refusal | None, list[str]]:
    """The answer, and the reactions that were told of."""
    work = unit(f"react to {content_id}")
    refused = await world.narrative.react(work, user, content_id, ["❤", "custom"])
    told = [event for event, user_id in work.events if user_id == user.user_id]
    return refused, [e.reaction_type for e in told if isinstance(e, ReactionDetected)]


async def show(world: World, chat_id: int, content_id: str) -> None:
    async def send(work: UnitOfWork) -> None:
        work.send(message(chat_id, "a page", content_id=content_id))

    await world.decide(f"show {content_id} in {chat_id}", send)


async def test_a_page_never_had_is_refused_and_one_that_a_message_has_shown_is_not(
    world: World,
) -> None:
    user = await world.register()
    other = await world.register("other", ana().model_copy(update={"id": 8}))
    assert await react(world, user, NEVER_HAD) == ("outdated", [])
    await show(world, other.profile.telegram_user_id, NEVER_HAD)
    assert await react(world, user, NEVER_HAD) == ("outdated", [])
    await show(world, user.profile.telegram_user_id, NEVER_HAD)
    assert await react(world, user, NEVER_HAD) == (None, ["❤", "custom"])


async def test_where_no_message_tells_the_progress_does(world: World) -> None:
    await world.register()

    async def begin(work: UnitOfWork) -> None:
        await world.narrative.resume(work, await world.known())

    await world.decide("begin", begin)
    assert await react(world, await world.known(), HAD) == (None, ["❤", "custom"])
    assert await react(world, await world.known(), NEVER_HAD) == ("outdated", [])
