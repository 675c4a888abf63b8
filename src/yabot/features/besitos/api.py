"""Besitos, for other services."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import ConfigDict, Field
from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import Problem
from yabot.api.answering.shown import Shown
from yabot.api.operations.cursors import CURSOR_INVALID, After, Cursors, Page
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import Limit, UserId
from yabot.api.operations.requests import Asking, AskingAgain, Change, PostingAnew, etag_of
from yabot.api.operations.routes import Routes, StrictBody
from yabot.events.envelope import Timestamp
from yabot.feature import Services
from yabot.features.besitos.model import MAX_AMOUNT, Kind, Movement
from yabot.features.besitos.service import Award, BesitosService, Spending, Transfer
from yabot.features.users.api import USER_UNKNOWN, known
from yabot.features.users.api_models import UserIdText
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import UnitOfWork

NEWEST = 2**63 - 1

INSUFFICIENT = Problem(
    409, "besitos_insufficient", "Who is to give has fewer besitos than that; nothing was moved."
)
MOVED_BEFORE = Problem(
    409,
    "besitos_moved_before",
    "The Idempotency-Key moved besitos so long ago that the answer is kept no more; nothing was "
    "moved now.",
)
SAME_USER = Problem(409, "same_user", "Nobody gives besitos to themselves.")
SENDER_UNKNOWN = Problem(404, "sender_unknown", "There is no user with the id in `from`.")
RECIPIENT_UNKNOWN = Problem(404, "recipient_unknown", "There is no user with the id in `to`.")
_REFUSALS: dict[Award | Spending | Transfer, Problem] = {
    "repeated": MOVED_BEFORE,
    "insufficient": INSUFFICIENT,
    "unknown_reader": USER_UNKNOWN,
    "unknown_sender": SENDER_UNKNOWN,
    "unknown_recipient": RECIPIENT_UNKNOWN,
}

# A method of the service that changes what a single user has.
Move = Callable[..., Awaitable[Award | Spending]]
Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
Word = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,31}$")]


class Besitos(Shown):
    """What a user has."""

    balance: int
    earned: int = Field(
        description="all that was ever awarded to them; gifts of other users do not count"
    )


class BesitosMovement(Shown):
    """One side of a transaction, as the user sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    amount: int = Field(description="negative when the user gave")
    kind: Kind
    reason: str = Field(description="what for, in a word")
    source: str = Field(description="who gave or took: `api:…` is a service")
    transaction_id: str | None = Field(description="null for what another user gave")
    created_at: Timestamp

    @classmethod
    def of(cls, movement: Movement) -> "BesitosMovement":
        """Without the transaction's id for a received gift: it contains the giver's id."""
        shown = cls.model_validate(movement)
        is_of_another = movement.kind == "transfer" and movement.amount > 0
        return shown.model_copy(update={"transaction_id": None}) if is_of_another else shown


class BesitosTransaction(Shown):
    """Besitos that have moved."""

    transaction_id: str = Field(description="of the ledger: `api:<service>:<Idempotency-Key>`")
    amount: int
    reason: str
    source: str


class BesitosMoved(StrictBody):
    """Besitos to be awarded or spent."""

    amount: Amount
    reason: Word = Field(
        description="what for: users read it in /balance, in the words of the text "
        "`besitos-reason-<reason>` where there is one"
    )
    source: Word | None = Field(None, description="which part of the service wants it")


class BesitosGiven(StrictBody):
    """Besitos from one user to another."""

    sender: UserIdText = Field(alias="from", description="Telegram's id of who gives")
    recipient: UserIdText = Field(alias="to", description="Telegram's id of who receives")
    amount: Amount
    reason: Word = "gift"


def _source(change: Change, part: str | None = None) -> str:
    """A service's source; never one of the program's own, which have other accounts."""
    service = f"api:{change.caller.service}"
    return service if part is None else f"{service}:{part}"


def routes(services: Services, door: Door) -> Routes:
    routes = Routes("besitos")
    besitos, users = services[BesitosService], services[UserService]
    _offer_readings(routes, besitos, users, Cursors(services.database))
    _offer_moves(routes, besitos, door)
    return routes


def _offer_readings(
    routes: Routes, besitos: BesitosService, users: UserService, cursors: Cursors
) -> None:
    @routes.get(
        "/user/{user_id}/besitos", needs="besitos:read", gives=Besitos, refuses=[USER_UNKNOWN]
    )
    async def get_user_besitos(user_id: UserId, asking: AskingAgain) -> Response:
        """What a user has, and has earned."""
        balance, earned = await besitos.totals(user_id)
        # In this order: who is deleted meanwhile is unknown, not poor.
        await known(users, user_id)
        found = Besitos(balance=balance, earned=earned)
        return asking.answer(found, etag_of(found))

    @routes.get(
        "/user/{user_id}/besitos/movements",
        needs="besitos:read",
        gives=Page[BesitosMovement],
        refuses=[USER_UNKNOWN, CURSOR_INVALID],
    )
    async def list_user_besitos_movements(
        user_id: UserId, asking: Asking, limit: Limit = 50, after: After = None
    ) -> Response:
        """How a user's besitos came and went, the newest first."""
        listing = await cursors.of("list_user_besitos_movements", user_id=user_id)
        before = listing.position(after, begin=NEWEST)
        found = await besitos.movements(user_id, before, limit + 1)
        await known(users, user_id)
        told = [BesitosMovement.of(each) for each in found]
        return asking.answer(listing.page(told, limit, place=lambda movement: movement.id))


def _offer_moves(routes: Routes, besitos: BesitosService, door: Door) -> None:
    async def moved_by(move: Move, user_id: str, body: BesitosMoved, change: Change) -> Response:
        async def decide(work: UnitOfWork) -> Answer:
            moved = _moved(change, body.amount, body.reason, _source(change, body.source))
            outcome = await move(
                work,
                user_id,
                moved.amount,
                reason=moved.reason,
                source=moved.source,
                key=moved.transaction_id,
            )
            return _answer(outcome, moved)

        return await door.change(change, decide, user_id)

    @routes.post(
        "/user/{user_id}/besitos/award",
        needs="besitos:write",
        gives=BesitosTransaction,
        refuses=[USER_UNKNOWN, MOVED_BEFORE],
    )
    async def award_besitos(user_id: UserId, body: BesitosMoved, change: PostingAnew) -> Response:
        """Give a user besitos: they count as earned, and may open hints of the story.

        One Idempotency-Key moves besitos once for good, also when its answer is kept no more.
        """
        return await moved_by(besitos.award, user_id, body, change)

    @routes.post(
        "/user/{user_id}/besitos/spend",
        needs="besitos:write",
        gives=BesitosTransaction,
        refuses=[USER_UNKNOWN, INSUFFICIENT, MOVED_BEFORE],
    )
    async def spend_besitos(user_id: UserId, body: BesitosMoved, change: PostingAnew) -> Response:
        """Take besitos from a user, who must have as many.

        One Idempotency-Key moves besitos once for good, also when its answer is kept no more.
        """
        return await moved_by(besitos.spend, user_id, body, change)

    @routes.post(
        "/besitos/transfers",
        needs="besitos:write",
        gives=BesitosTransaction,
        refuses=[SENDER_UNKNOWN, RECIPIENT_UNKNOWN, INSUFFICIENT, SAME_USER, MOVED_BEFORE],
    )
    async def transfer_besitos(body: BesitosGiven, change: PostingAnew) -> Response:
        """Give a user's besitos to another: both sides with one commit.

        The bot tells neither of them; /balance shows it. Who has too little learns nothing of the
        other. One Idempotency-Key moves besitos once for good.
        """

        async def decide(work: UnitOfWork) -> Answer:
            if body.sender == body.recipient:
                raise SAME_USER.refuse()
            moved = _moved(change, body.amount, body.reason, _source(change))
            outcome = await besitos.transfer(
                work,
                body.sender,
                body.recipient,
                moved.amount,
                reason=moved.reason,
                source=moved.source,
                key=moved.transaction_id,
            )
            return _answer(outcome, moved)

        return await door.change(change, decide, body.sender)


def _moved(change: Change, amount: int, reason: str, source: str) -> BesitosTransaction:
    return BesitosTransaction(
        transaction_id=change.cause_id, amount=amount, reason=reason, source=source
    )


def _answer(outcome: Award | Spending | Transfer, moved: BesitosTransaction) -> Answer:
    """Raises Refused when nothing was moved."""
    if outcome in _REFUSALS:
        raise _REFUSALS[outcome].refuse()
    return Answer.of(moved)
