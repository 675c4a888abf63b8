"""Notices of presents: of the first at once, of those that follow it in one message.

However many presents a reader gets, and from however many readers, there is at most one notice a
minute.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, bindparam, delete, select, update

from yabot.bot.localization import Localizer
from yabot.clock import rfc3339, utc_now
from yabot.errors import StoreUnavailable
from yabot.features.besitos.tables import gift_notices
from yabot.features.users.model import Profile
from yabot.features.users.names import shown_name
from yabot.features.users.notices import Notices
from yabot.features.users.states import StateUnreadable
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork, guard
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database, Statement, executing, insert_new

log = get_logger(__name__)

QUIET = timedelta(minutes=1)
# Seconds between two looks for readers whose minute is over.
LOOK_EVERY = 15.0
READ_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Untold:
    user_id: str
    told_at: datetime
    gifts: int
    amount: int


class GiftNotices:
    def __init__(self, commits: CommitLog, notices: Notices) -> None:
        self._commits = commits
        self._database = commits.database
        self._notices = notices
        self.loop = WakingLoop("gift notices", self.tell_the_rest, LOOK_EVERY)

    async def tell(self, work: UnitOfWork, giver: Profile, recipient_id: str, amount: int) -> None:
        """Add to the unit a notice of the present: now, or together with those that follow.

        It is also put off while the recipient's wish for notices cannot be read.

        Raises StoreUnavailable; the commit raises GuardFailed when another present came first.
        """
        now = utc_now()
        untold = await self._database.read(_find(recipient_id))
        if untold is not None and (untold.gifts or not _is_over(untold.told_at, now)):
            work.add(_add(recipient_id, amount))
            return

        def say(t: Localizer) -> str:
            return t("besitos-gift-received", amount=amount, who=shown_name(giver, t))

        work.add(_begin(recipient_id, untold, now))
        try:
            await self._notices.tell(work, recipient_id, say)
        except (StoreUnavailable, StateUnreadable):
            work.add(_add(recipient_id, amount))

    async def tell_the_rest(self) -> None:
        """Send a notice to each reader whose minute is over. Raises StoreUnavailable."""
        while due := await self._database.read(_due(utc_now())):
            for each in due:
                await self._tell_together(each)
        await self._database.write(_forget(utc_now()))

    async def _tell_together(self, due: Untold) -> None:
        user_id = due.user_id

        async def tell(work: UnitOfWork) -> None:
            untold = await self._database.read(_find(user_id))
            if untold is None or not untold.gifts or not _is_over(untold.told_at, utc_now()):
                return
            gifts, amount = untold.gifts, untold.amount
            try:
                await self._notices.tell(
                    work, user_id, lambda t: t("besitos-gifts-received", gifts=gifts, amount=amount)
                )
            except StateUnreadable as error:
                # Other readers get their notices meanwhile.
                log.warning("gift_notice.put_off", user_id=user_id, reason=str(error))
                work.add(_put_off(user_id, untold, utc_now()))
            else:
                work.add(_begin(user_id, untold, utc_now()))

        cause_id = f"gifts:{user_id}:{rfc3339(due.told_at)}:{due.gifts}"
        await self._commits.decide(Cause("besitos", cause_id, cause_id), tell)


_of_user = gift_notices.c.user_id == bindparam("user")
_row = select(gift_notices).where(_of_user)
_more = (
    update(gift_notices)
    .where(_of_user)
    .values(
        gifts=gift_notices.c.gifts + 1,
        amount=gift_notices.c.amount + bindparam("more"),
    )
)
_unchanged = (gift_notices.c.told_at == bindparam("seen")) & (
    gift_notices.c.gifts == bindparam("known")
)
_later = update(gift_notices).where(_of_user, _unchanged).values(told_at=bindparam("now"))
_told = _later.values(gifts=0, amount=0)


def _find(user_id: str) -> Statement[Untold | None]:
    def read(connection: Connection) -> Untold | None:
        row = connection.execute(_row, {"user": user_id}).first()
        return None if row is None else Untold(*row)

    return read


def _is_over(told_at: datetime, now: datetime) -> bool:
    """Whether the minute is over; also if the clock was ahead at the last notice."""
    return abs(now - told_at) >= QUIET


def _is_over_in_sql(now: datetime) -> ColumnElement[bool]:
    told_at = gift_notices.c.told_at
    return (told_at <= now - QUIET) | (told_at >= now + QUIET)


def _due(now: datetime) -> Statement[list[Untold]]:
    query = (
        select(gift_notices)
        .where(gift_notices.c.gifts > 0, _is_over_in_sql(now))
        .limit(READ_AT_ONCE)
    )

    def read(connection: Connection) -> list[Untold]:
        return [Untold(*row) for row in connection.execute(query)]

    return read


def _add(user_id: str, amount: int) -> Statement[None]:
    def add(connection: Connection) -> None:
        added = connection.execute(_more, {"user": user_id, "more": amount}).rowcount == 1
        guard(added, f"what user {user_id} is to hear of presents")

    return add


def _begin(user_id: str, seen: Untold | None, now: datetime) -> Statement[None]:
    """Note that the reader hears of all presents until now."""

    def begin(connection: Connection) -> None:
        row = {"user_id": user_id, "told_at": now, "gifts": 0, "amount": 0}
        changed = connection.execute(insert_new(connection, gift_notices), row).rowcount
        guard(changed == 1, f"what user {user_id} is to hear of presents")

    return begin if seen is None else _change(_told, user_id, seen, now)


def _put_off(user_id: str, seen: Untold, now: datetime) -> Statement[None]:
    """Let the reader wait for another minute, with the presents still to be told."""
    return _change(_later, user_id, seen, now)


def _change(statement: Update, user_id: str, seen: Untold, now: datetime) -> Statement[None]:
    def change(connection: Connection) -> None:
        values = {"user": user_id, "seen": seen.told_at, "known": seen.gifts, "now": now}
        changed = connection.execute(statement, values).rowcount
        guard(changed == 1, f"what user {user_id} is to hear of presents")

    return change


def _forget(now: datetime) -> Statement[None]:
    """Delete the rows of readers who heard of everything more than a minute ago."""
    heard = delete(gift_notices).where(gift_notices.c.gifts == 0, _is_over_in_sql(now))
    return executing(heard)


async def export(database: Database, user_id: str) -> dict[str, Any]:
    """The presents still to be told, and when the reader was told last; usually empty."""
    untold = await database.read(_find(user_id))
    if untold is None:
        return {}
    told_at = rfc3339(untold.told_at)
    return {"gift_notices": {"told_at": told_at, "gifts": untold.gifts, "amount": untold.amount}}


def erase(user_id: str) -> Statement[None]:
    statement = delete(gift_notices).where(gift_notices.c.user_id == user_id)
    return executing(statement)
