"""Events, for other services: to read, in pages, and to tell of."""

import json
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from yabot.api.answering import problems
from yabot.api.answering.answers import JSON, Answer
from yabot.api.answering.problems import Problem, Refused
from yabot.api.answering.shown import Shown
from yabot.api.operations.cursors import (
    CURSOR_INVALID,
    MOST_CHARACTERS,
    After,
    Cursors,
    Listing,
    Page,
)
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import NAME, Limit, UserId
from yabot.api.operations.requests import Asking
from yabot.api.operations.routes import PREFIX, Routes
from yabot.bus import history
from yabot.bus.history import EventsRemoved, Given, LogRewound, Place, Portion
from yabot.bus.inbound.posting import offer_posting
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope
from yabot.events.partition import partition_of
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Statement

EVENTS_REMOVED = Problem(
    410,
    "events_removed",
    "What stood behind the cursor is older than the log is kept. Go on with the link `next`, where "
    "the log begins now; what you know of the state is out of date.",
)
LOG_REWOUND = Problem(
    410,
    "log_rewound",
    "The cursor is not of this log: the database is an older copy. Begin again without a cursor.",
)
BEGIN, LATEST = "begin", "latest"

From = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="The cursor `next` of the answer before. `begin`, as without one, is the "
        "oldest event that is kept; `latest` gives nothing but a cursor behind the newest.",
        examples=[BEGIN],
    ),
]
Types = Annotated[
    list[Annotated[str, Field(pattern=NAME)]] | None,
    Query(
        alias="event_type",
        max_length=50,
        description="Only events of this type; it may be given several times.",
    ),
]


class EventPage(Page[Envelope]):
    """Events of a user, as they were published."""


class EventsBehind(Shown):
    """Events behind a cursor, as they were published."""

    items: list[Envelope]
    next: str = Field(description="the cursor to ask with for what follows, now or later")
    more: bool = Field(description="whether more stood there already")


def routes(commits: CommitLog, door: Door) -> Routes:
    routes = Routes("events")
    _offer_reading(routes, commits)
    offer_posting(routes, commits.catalog, door)
    return routes


def _offer_reading(routes: Routes, commits: CommitLog) -> None:
    database, catalog = commits.database, commits.catalog
    cursors = Cursors(database)

    @routes.get(
        "/events",
        needs="events:read",
        gives=EventsBehind,
        refuses=[CURSOR_INVALID, EVENTS_REMOVED, LOG_REWOUND],
    )
    async def follow_events(
        _asking: Asking, after: From = None, limit: Limit = 100, event_type: Types = None
    ) -> Response:
        """Everything that happens, for whoever follows it without Redis.

        Each event comes once, however often and with whatever limit you ask, and one user's events
        come in their order. A page is the next `limit` events; with `event_type`, those of them
        that are of such a type, which may be none while there are more.
        """
        types = _known(event_type or [], catalog)
        listing = await cursors.of("follow_events", types=",".join(types))
        place, newest = _place(after, listing, commits.partitions)

        def read(connection: Connection) -> Portion:
            # As of one moment: else the log would begin, or end, elsewhere by then.
            return history.events_after(place(connection), limit, types, newest)(connection)

        try:
            portion = await database.read(read)
        except EventsRemoved as gone:
            raise _removed(listing.cursor(gone.place), types) from gone
        except LogRewound as rewound:
            raise LOG_REWOUND.refuse() from rewound
        return _behind(portion, listing)

    @routes.get(
        "/user/{user_id}/events", needs="events:read", gives=EventPage, refuses=[CURSOR_INVALID]
    )
    async def list_user_events(
        user_id: UserId,
        _asking: Asking,
        after: After = None,
        limit: Limit = 100,
        order: Literal["newest", "oldest"] = "newest",
    ) -> Response:
        """What the log keeps of a user, the newest or the oldest first.

        Also of who has never written to the bot, then nothing, and of who is forgotten: events name
        users by their ids alone.
        """
        listing = await cursors.of("list_user_events", user_id=user_id, order=order)
        partition = partition_of(user_id, commits.partitions)
        behind = listing.position(after, begin=0)
        found = await database.read(
            history.of_user(user_id, partition, behind, limit + 1, newest=order == "newest")
        )
        page = found[:limit]
        follows = listing.cursor(page[-1].pos) if len(found) > limit else None
        return _given([event.envelope for event in page], next=follows)


def _known(types: Sequence[str], catalog: Catalog) -> list[str]:
    if not set(types) <= set(catalog.names):
        raise problems.INVALID.refuse(
            "event_type: there is no such type of event; /asyncapi.json names all."
        )
    return sorted(set(types))


def _place(
    after: str | None, listing: Listing, partitions: int
) -> tuple[Statement[Place], Given | None]:
    """Also the newest event that was given before it, where the cursor tells."""
    if after in (None, BEGIN):
        return history.beginning, None
    if after == LATEST:
        return history.end, None
    found = listing.position(after, begin=list[int]())
    place, newest = found[:partitions], found[partitions:]
    if len(place) != partitions or len(newest) not in (0, len(Given._fields)):
        raise CURSOR_INVALID.refuse()
    return (lambda _connection: place), Given(*newest) if newest else None


def _removed(cursor: str, types: Sequence[str]) -> Refused:
    given = "".join(f"&event_type={each}" for each in types)
    return EVENTS_REMOVED.refuse(Link=f'<{PREFIX}/events?after={cursor}{given}>; rel="next"')


def _behind(portion: Portion, listing: Listing) -> Response:
    cursor = listing.cursor([*portion.place, *(portion.newest or ())])
    return _given(portion.envelopes, next=cursor, more=portion.more)


def _given(envelopes: Sequence[str], **rest: str | bool | None) -> Response:
    """``envelopes`` are JSON already, and go out as they stand in the log."""
    body = f'{{"items":[{",".join(envelopes)}],{json.dumps(rest)[1:]}'
    return Answer(200, {"Content-Type": JSON}, body).response
