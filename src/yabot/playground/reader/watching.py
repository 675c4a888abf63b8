"""What the page watches: one stream of changes, and the bot's own view through the inspector."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from yabot.playground.body import Id
from yabot.playground.inspector import Inspector
from yabot.playground.reader import views
from yabot.playground.reader.context import Context, Playground
from yabot.playground.reader.errors import Refused

Json = dict[str, Any]
Limit = Annotated[int, Query(ge=1, le=500)]

RECONNECT_AFTER_MS = 700


router = APIRouter(prefix="/playground")


@router.get("/bot")
async def read_bot(context: Playground) -> Json:
    """The bot's user, and whether it can be looked into from here."""
    the_bot = await context.database.run(views.the_bot)
    return {**the_bot, "can_be_inspected": context.inspector is not None}


@router.get("/users/{user_id}/state")
async def stored_state(context: Playground, user_id: Id) -> Json:
    return await _inspector(context).stored_state(user_id)


@router.get("/users/{user_id}/events")
async def recent_events(context: Playground, user_id: Id, limit: Limit = 200) -> list[Json]:
    return await _inspector(context).recent_events(user_id, limit)


@router.get("/stream", response_class=EventSourceResponse)
async def stream(context: Playground) -> AsyncIterator[ServerSentEvent]:
    """Begins with ``hello``: from then on nothing is missed, so load everything after it."""
    with context.feed.subscribe() as changes:
        yield ServerSentEvent(event="hello", data={}, retry=RECONNECT_AFTER_MS)
        async for change in changes:
            yield ServerSentEvent(event=change.kind, data=change.body)


def _inspector(context: Context) -> Inspector:
    if context.inspector is None:
        raise Refused(404, "The bot runs elsewhere: its events and stores are not seen from here.")
    return context.inspector
