"""What a user's subscription allows, and what changes it. Payments are in ``payments``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from yabot.clock import utc_now
from yabot.features.subscriptions import repository, terms
from yabot.features.subscriptions.events import SubscriptionUpdated
from yabot.features.subscriptions.plans import PERIOD, Plan, PlanType
from yabot.features.subscriptions.repository import StoredTerm
from yabot.features.subscriptions.terms import Status, Term
from yabot.log.unit_of_work import UnitOfWork, guard
from yabot.storage.relational.database import Database


@dataclass(frozen=True, slots=True)
class Subscription:
    """As it is stored; ``access`` says whether it opens the VIP doors now."""

    plan_type: Literal["free"] | PlanType
    status: Status
    start_date: datetime | None
    end_date: datetime | None
    access: bool


FREE = Subscription("free", "active", None, None, access=False)


class SubscriptionService:
    """Methods that take a unit of work read, decide and add to it; the commit checks again."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def current(self, user_id: str) -> Subscription:
        """The running subscription of a known user, or their newest; else the free plan."""
        row = await self._database.read(repository.current(user_id, self._now()))
        return FREE if row is None else Subscription(*row)

    async def running(self, user_id: str) -> Term | None:
        """The term that gives access now, if one does."""
        now = self._now()
        return next((each.term for each in await self._open(user_id) if each.term.runs(now)), None)

    async def opens_vip(self, user_id: str) -> bool:
        """Whether the VIP door is open now; ``guard_vip`` checks that again at the commit."""
        return await self._database.read(
            lambda connection: repository.gives_access(connection, user_id, self._now())
        )

    def guard_vip(self, work: UnitOfWork, user_id: str) -> None:
        """Let the unit fail its guard when access has ended by the time of its commit."""

        def check(connection: Connection) -> None:
            still = repository.gives_access(connection, user_id, self._now())
            guard(still, f"the subscription of user {user_id}")

        work.add(check)

    async def activate(
        self, work: UnitOfWork, user_id: str, plan: Plan, time: timedelta = PERIOD
    ) -> Term:
        """Add ``time`` of ``plan`` for a known user: a new term, or more of the one that runs."""
        now = self._now()
        running = None
        for each in await self._open(user_id):
            if not each.term.runs(now):
                self._change(work, user_id, each, terms.expired(each.term), now)
            else:
                running = running or each
        if running is None:
            term = terms.bought(None, plan, now, time)
            work.add(repository.start(user_id, term))
            _tell(work, user_id, term)
            return term
        return self._change(
            work, user_id, running, terms.bought(running.term, plan, now, time), now
        )

    async def give(
        self, work: UnitOfWork, user_id: str, plan: Plan, time: timedelta
    ) -> Term | None:
        """As ``activate``, without a payment. None: the term would end beyond LONGEST_GIVEN."""
        draft = work.draft()
        term = await self.activate(draft, user_id, plan, time)
        if term.end_date > self._now() + terms.LONGEST_GIVEN:
            return None
        work.absorb(draft)
        return term

    def current_of(self, known: Sequence[StoredTerm]) -> Term | None:
        """Of all terms that a user ever had: the one that gives access, else the newest."""
        now = self._now()
        running = [each.term for each in known if each.term.runs(now)]
        return next(reversed(running or [each.term for each in known]), None)

    def arrange(
        self,
        work: UnitOfWork,
        user_id: str,
        known: Sequence[StoredTerm],
        plan_type: PlanType,
        end: datetime,
    ) -> None:
        """Let the subscription end at ``end``, whatever it was: another bot has sold it. ``known``
        are all terms that the user ever had.

        A new term that has ended already is history, of which no event tells.
        """
        now = self._now()
        status: Status = "active" if end > now else "expired"
        unclosed = [each for each in known if each.term.status in ("active", "cancelled")]
        running = next((each for each in reversed(unclosed) if each.term.runs(now)), None)
        for each in unclosed:
            if each is not running:
                self._change(work, user_id, each, terms.expired(each.term), now)
        if running is not None:
            after = replace(running.term, plan_type=plan_type, status=status, end_date=end)
            self._change(work, user_id, running, after, now)
            return
        term = Term(plan_type, status, min(now, end), end)
        work.add(repository.start(user_id, term))
        if status == "active":
            _tell(work, user_id, term)

    async def cancel(self, work: UnitOfWork, user_id: str) -> Term | None:
        """Returns the cancelled term: access stays until its end. None: there is none to cancel."""
        now = self._now()
        for each in await self._open(user_id):
            if each.term.status == "active" and each.term.runs(now):
                return self._change(work, user_id, each, terms.cancelled(each.term), now)
        return None

    async def expire(self, work: UnitOfWork, user_id: str) -> Term | None:
        """Close terms that have reached their end. None: none has; it may have been extended."""
        now = self._now()
        over = [each for each in await self._open(user_id) if each.term.end_date <= now]
        closed = [self._change(work, user_id, each, terms.expired(each.term), now) for each in over]
        return closed[0] if closed else None

    async def take_back(
        self, work: UnitOfWork, user_id: str, stars: int, paid_at: datetime
    ) -> Term | None:
        """Undo what a charge of ``stars`` bought at ``paid_at``: its part of the running term.

        Returns the changed term, which has ended if nothing else paid for it. None: the time that
        the charge paid for has ended already.
        """
        now = self._now()
        for each in await self._open(user_id):
            if each.term.runs(now) and each.term.start_date <= paid_at:
                after = terms.taken_back(each.term, stars, now)
                return self._change(work, user_id, each, after, now)
        return None

    async def export(self, user_id: str) -> list[dict[str, Any]]:
        """The user's subscriptions as they are stored, ready for JSON."""
        return as_json(await self._database.read(repository.rows(user_id)))

    def erase(self, work: UnitOfWork, user_id: str) -> None:
        """Payments stay, by id only: refunds need them."""
        work.add(repository.erase(user_id))

    async def _open(self, user_id: str) -> list[StoredTerm]:
        return await self._database.read(repository.open_terms(user_id))

    def _change(
        self, work: UnitOfWork, user_id: str, stored: StoredTerm, after: Term, now: datetime
    ) -> Term:
        work.add(repository.change(stored, after, now))
        _tell(work, user_id, after)
        return after


def _tell(work: UnitOfWork, user_id: str, term: Term) -> None:
    event = SubscriptionUpdated(
        plan_type=term.plan_type,
        status=term.status,
        start_date=term.start_date,
        end_date=term.end_date,
    )
    work.publish(event, user_id)


def as_json(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
