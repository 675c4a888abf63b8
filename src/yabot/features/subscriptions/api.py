"""Subscriptions, for other services."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import PRECONDITION_FAILED, Problem
from yabot.api.answering.shown import Shown
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import UserId
from yabot.api.operations.requests import AskingAgain, Change, Posting, etag_of
from yabot.api.operations.routes import Routes, StrictBody
from yabot.events.envelope import Timestamp
from yabot.feature import Services
from yabot.features.subscriptions.plans import PERIOD, PLANS, PlanType
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.subscriptions.terms import LONGEST_GIVEN, Status, Term
from yabot.features.users.api import USER_UNKNOWN, known
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import UnitOfWork

MOST_DAYS = 366

NO_SUBSCRIPTION = Problem(409, "no_subscription", "The user has no subscription that runs.")
SUBSCRIPTION_TOO_LONG = Problem(
    409,
    "subscription_too_long",
    f"The subscription would end more than {LONGEST_GIVEN.days} days from now.",
)


class SubscriptionState(Shown):
    """What a user has. Without a subscription it is the free plan, active and without dates."""

    model_config = ConfigDict(from_attributes=True)

    plan_type: Literal["free"] | PlanType
    status: Status = Field(description="as stored; cancelled still gives access until end_date")
    start_date: Timestamp | None
    end_date: Timestamp | None
    access: bool = Field(description="whether it opens the VIP doors now")


class SubscriptionGiven(StrictBody):
    """Time that nobody pays for here: whoever gives it has been paid, or makes a present."""

    plan_type: PlanType
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = PERIOD.days


class _Answers:
    def __init__(self, users: UserService, subscriptions: SubscriptionService) -> None:
        self._users = users
        self._subscriptions = subscriptions

    async def current(self, user_id: str) -> SubscriptionState:
        # In this order: a user deleted meanwhile is unknown, not on the free plan.
        subscription = await self._subscriptions.current(user_id)
        await known(self._users, user_id)
        return SubscriptionState.model_validate(subscription)

    async def extended(
        self, work: UnitOfWork, user_id: str, given: SubscriptionGiven, change: Change
    ) -> Answer:
        self._users.guard_known(work, user_id)
        plan, time = PLANS[given.plan_type], timedelta(days=given.days)
        term = await self._subscriptions.give(work, user_id, plan, time)
        await self._require_match(user_id, change)
        if term is None:
            raise SUBSCRIPTION_TOO_LONG.refuse()
        return _running(term)

    async def cancelled(self, work: UnitOfWork, user_id: str, change: Change) -> Answer:
        # Also when nothing changes: no answer may be kept about a user deleted meanwhile.
        self._users.guard_known(work, user_id)
        cancelled = await self._subscriptions.cancel(work, user_id)
        term = cancelled or await self._subscriptions.running(user_id)
        await self._require_match(user_id, change)
        if term is None:
            raise NO_SUBSCRIPTION.refuse()
        return _running(term)

    async def _require_match(self, user_id: str, change: Change) -> None:
        """Called after deciding: if the decision saw an older state, the commit fails its guard."""
        change.require_match(etag_of(await self.current(user_id)))


def _running(term: Term) -> Answer:
    state = SubscriptionState(**asdict(term), access=True)
    return Answer.of(state, ETag=etag_of(state))


def routes(services: Services, door: Door) -> Routes:
    routes = Routes("subscriptions")
    answers = _Answers(services[UserService], services[SubscriptionService])

    @routes.get(
        "/user/{user_id}/subscription",
        needs="subscriptions:read",
        gives=SubscriptionState,
        refuses=[USER_UNKNOWN],
    )
    async def get_user_subscription(user_id: UserId, asking: AskingAgain) -> Response:
        """The subscription that gives a user access, or else the newest one, or the free plan.

        It changes by itself: `access` ends with `end_date`, and `status` follows a moment later.
        """
        subscription = await answers.current(user_id)
        return asking.answer(subscription, etag_of(subscription))

    @routes.post(
        "/user/{user_id}/subscription",
        needs="subscriptions:write",
        gives=SubscriptionState,
        refuses=[USER_UNKNOWN, SUBSCRIPTION_TOO_LONG, PRECONDITION_FAILED],
    )
    async def extend_user_subscription(
        user_id: UserId, body: SubscriptionGiven, change: Posting
    ) -> Response:
        """Start a subscription, or add time to the one that runs; a cancelled one is active again.

        Of a running subscription of the other plan the time that is left is converted at its worth.
        """
        return await door.change(
            change, lambda work: answers.extended(work, user_id, body, change), user_id
        )

    @routes.post(
        "/user/{user_id}/subscription/cancel",
        needs="subscriptions:write",
        gives=SubscriptionState,
        refuses=[USER_UNKNOWN, NO_SUBSCRIPTION, PRECONDITION_FAILED],
    )
    async def cancel_user_subscription(user_id: UserId, change: Posting) -> Response:
        """Cancel the subscription that runs: access stays until its end, and nothing is paid back.

        One that is cancelled already stays as it is.
        """
        return await door.change(
            change, lambda work: answers.cancelled(work, user_id, change), user_id
        )

    return routes
