"""Removes users whom the import alone has brought, and who have done nothing here since.

The old store has them. Nobody is told, and nobody is noted as forgotten: of each, a row with
nothing but the id is left, which lets a later import bring them again.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from yabot.clock import utc_now
from yabot.feature import Services
from yabot.features.besitos.journal import Account
from yabot.features.besitos.model import FROM_MIGRATION
from yabot.features.besitos.service import BesitosService
from yabot.features.legacy import waiting
from yabot.features.legacy.merging.looking import Seen
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.repository import (
    TAKEN_BACK,
    Untouched,
    untouched_after,
    untouched_among,
)
from yabot.features.legacy.tables import legacy_users
from yabot.features.users.service import User, UserService
from yabot.log.tables import user_counters
from yabot.log.unit_of_work import Cause, UnitOfWork, guard
from yabot.storage.relational.database import Statement, insert_new

AT_ONCE = 100
REASON = "migration_rolled_back"
_counters = (
    select(user_counters.c.user_id, user_counters.c.sequence)
    .where(user_counters.c.user_id.in_(bindparam("users", expanding=True)))
    .order_by(user_counters.c.user_id)
    .with_for_update()
)


@dataclass(slots=True)
class Taken:
    users: int = 0
    besitos: int = 0


class TakingAway:
    def __init__(self, services: Services, migrations: Migrations, merger: Merger) -> None:
        self._commits = services.commits
        self._users = services[UserService]
        self._besitos = services[BesitosService]
        self._migrations = migrations
        self._merger = merger

    async def run(self, migration: Migration, on_progress: Callable[[int], None]) -> Taken:
        """Remove all of them; after a kill, run it again. ``on_progress`` gets how many are gone.

        Raises StoreUnavailable, GuardFailed when the phase is another one.
        """
        taken, last = Taken(), ""
        while page := await self._commits.database.read(untouched_after(last, AT_ONCE)):
            last = page[-1]
            gone = await self._take(migration, page)
            taken.users += gone.users
            taken.besitos += gone.besitos
            on_progress(taken.users)
        return taken

    async def _take(self, migration: Migration, user_ids: Sequence[str]) -> Taken:
        async def decide(work: UnitOfWork) -> Taken:
            self._migrations.hold(work, migration)
            untouched = await self._commits.database.read(untouched_among(user_ids))
            return await self._take_away(work, untouched)

        cause = Cause.of_its_own("legacy", REASON)
        return (await self._commits.decide(cause, decide)).answer

    async def _take_away(self, work: UnitOfWork, untouched: Untouched) -> Taken:
        seen = await self._merger.look([*untouched])
        leaving = {each: user for each in sorted(untouched) if (user := self._user(seen[each]))}
        # Before the users are deleted: taking besitos needs their accounts.
        besitos = sum(self._give_back(work, seen[user_id]) for user_id in leaving)
        for user in leaving.values():
            self._users.delete(work, user, REASON)
        told = Counter(user_id for _, user_id in work.events)
        left = {user_id: untouched[user_id] + told[user_id] for user_id in leaving}
        work.add(_require_untouched({user_id: untouched[user_id] for user_id in leaving}))
        work.add(_leave_ids(left))
        return Taken(len(leaving), besitos)

    def _user(self, seen: Seen) -> User | None:
        return self._users.as_user(seen.stored)

    def _give_back(self, work: UnitOfWork, seen: Seen) -> int:
        if seen.standing is not None and seen.balance:
            account = Account(seen.user_id, seen.standing.account)
            key = f"{REASON}:{seen.user_id}:{work.cause.id}"
            self._besitos.settle(
                work, account, -seen.balance, reason="migration", source=FROM_MIGRATION, key=key
            )
        return seen.balance


def _require_untouched(untouched: Untouched) -> Statement[None]:
    def check(connection: Connection) -> None:
        found = connection.execute(_counters, {"users": list(untouched)}).all()
        guard([(*row,) for row in found] == sorted(untouched.items()), "what they have done")

    return check


def _leave_ids(events: Untouched) -> Statement[None]:
    now = utc_now()
    rows = [
        {
            "user_id": user_id,
            "mark": 0,
            "waits": False,
            "origin": TAKEN_BACK,
            "events": count,
            "imported_at": now,
        }
        for user_id, count in events.items()
    ]

    def leave(connection: Connection) -> None:
        if rows:
            connection.execute(insert_new(connection, legacy_users), rows)
            waiting.drop(connection, [*events])

    return leave
