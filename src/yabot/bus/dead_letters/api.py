"""Dead letters, for those who look after the program."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import Problem, telling
from yabot.api.operations.cursors import CURSOR_INVALID, After, Cursors, Page
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import Limit
from yabot.api.operations.requests import Asking, Change, Posting
from yabot.api.operations.routes import Routes
from yabot.bus.dead_letters.api_models import (
    ChangedLetters,
    DiscardBody,
    LetterBody,
    LetterDetails,
    LetterGroupBody,
    LetterGroups,
    RetryBody,
    facts,
)
from yabot.bus.dead_letters.letters import HIGHEST_ID, STATES, Selection, State
from yabot.bus.dead_letters.service import (
    DeadLetters,
    DeadLetterState,
    DeadLetterUnknown,
)
from yabot.log.unit_of_work import UnitOfWork
from yabot.redaction import Redactor

LETTER_UNKNOWN = Problem(404, DeadLetterUnknown.code, "There is no such dead letter.")
LETTER_STATE = Problem(
    409, DeadLetterState.code, "In the state of one of them this cannot be done: none is changed."
)

LetterId = Annotated[int, Path(ge=1, le=HIGHEST_ID)]
Consumer = Annotated[
    str | None, Query(pattern="^[a-z][a-z0-9_.:]{0,99}$", description="the subscriber that failed")
]
EventType = Annotated[str | None, Query(pattern="^[a-z][a-z0-9_]{0,99}$")]
ErrorCode = Annotated[str | None, Query(pattern="^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
InState = Annotated[State | None, Query(description="without it, in any")]
OfState = Annotated[State, Query(description="dead: given up, and waits for you")]

# Adds to the unit what changes these letters, and gives them; all of them or none.
Act = Callable[[UnitOfWork, list[int]], Awaitable[list[int]]]


def routes(dead_letters: DeadLetters, cursors: Cursors, redactor: Redactor, door: Door) -> Routes:
    """What other services have sent may stand in a letter: the ``redactor`` looks it through."""
    routes = Routes("operators")
    _offer_lists(routes, dead_letters, cursors, redactor)
    _offer_one(routes, dead_letters, redactor)
    _offer_changes(routes, dead_letters, door)
    return routes


def _offer_lists(
    routes: Routes, dead_letters: DeadLetters, cursors: Cursors, redactor: Redactor
) -> None:
    @routes.get("/admin/dead-letter-groups", needs="admin", gives=LetterGroups)
    async def list_dead_letter_groups(asking: Asking, state: OfState = "dead") -> Response:
        """Dead letters, counted by subscriber, type of event and error."""
        groups = await dead_letters.groups(state)
        return asking.answer(LetterGroups(groups=[LetterGroupBody.of(each) for each in groups]))

    @routes.get(
        "/admin/dead-letters", needs="admin", gives=Page[LetterBody], refuses=[CURSOR_INVALID]
    )
    async def list_dead_letters(
        asking: Asking,
        state: InState = None,
        consumer: Consumer = None,
        event_type: EventType = None,
        error_code: ErrorCode = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Response:
        """Dead letters, the youngest first."""
        selected = json.dumps([state, consumer, event_type, error_code])
        listing = await cursors.of("list_dead_letters", selected=selected)
        selection = Selection(consumer, event_type, error_code)
        states = STATES if state is None else (state,)
        below = listing.position(after, begin=HIGHEST_ID)
        found = await dead_letters.newest(selection, states, limit + 1, below)
        bodies = [LetterBody(**redactor.mapping(facts(each))) for each in found]
        return asking.answer(listing.page(bodies, limit, lambda body: body.id))


def _offer_one(routes: Routes, dead_letters: DeadLetters, redactor: Redactor) -> None:
    @routes.get(
        "/admin/dead-letters/{letter_id}",
        needs="admin",
        gives=LetterDetails,
        refuses=[LETTER_UNKNOWN],
    )
    async def get_dead_letter(letter_id: LetterId, asking: Asking) -> Response:
        """A dead letter: its event, why it failed, and the events that led to it."""
        with telling(LETTER_UNKNOWN):
            letter = await dead_letters.get(letter_id)
        before = await dead_letters.before(letter)
        shown = facts(letter) | {
            "envelope": letter.envelope.in_json(),
            "before": [each.in_json() for each in before],
        }
        return asking.answer(LetterDetails(**redactor.mapping(shown)))


def _offer_changes(routes: Routes, dead_letters: DeadLetters, door: Door) -> None:
    async def changed(change: Change, ids: Sequence[int], act: Act) -> Response:
        async def decide(work: UnitOfWork) -> Answer:
            with telling(LETTER_UNKNOWN, LETTER_STATE):
                return Answer.of(ChangedLetters(ids=await act(work, list(dict.fromkeys(ids)))))

        return await door.change(change, decide)

    @routes.post(
        "/admin/dead-letter-retries",
        needs="admin",
        gives=ChangedLetters,
        refuses=[LETTER_UNKNOWN, LETTER_STATE],
    )
    async def retry_dead_letters(body: RetryBody, change: Posting) -> Response:
        """Have a worker try dead letters again: all of these, or none when one cannot be."""

        async def act(work: UnitOfWork, ids: list[int]) -> list[int]:
            return await dead_letters.retry(work, ids, change.by, or_none=True)

        return await changed(change, body.ids, act)

    @routes.post(
        "/admin/dead-letter-discards",
        needs="admin",
        gives=ChangedLetters,
        refuses=[LETTER_UNKNOWN, LETTER_STATE],
    )
    async def discard_dead_letters(body: DiscardBody, change: Posting) -> Response:
        """Give dead letters up, with a note: all of these, or none when one cannot be."""

        async def act(work: UnitOfWork, ids: list[int]) -> list[int]:
            return await dead_letters.discard(work, ids, body.note.strip(), change.by, or_none=True)

        return await changed(change, body.ids, act)
