"""Takes away again whom the import alone has brought, and who has done nothing here since.

The old store has them. Nobody is told, and nobody is noted as forgotten: the row that is left of
each has nothing but their id, and lets a later import bring them once more.
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
from yabot.features.legacy.tables import legacy_users
from yabot.features.users.service import User, UserService
from yabot.features.users.tables import user_profiles
from yabot.log.tables import user_counters
from yabot.log.unit_of_work import Cause, UnitOfWork, guard
from yabot.storage.relational.database import Statement, insert_new

AT_ONCE = 100
REASON = "migration_rolled_back"
TAKEN_BACK = "taken_back"
"""The origin of who is here no more; and of who was brought again, and is here because of it."""

BROUGHT = ("imported", TAKEN_BACK)

_untouched = (
    select(legacy_users.c.user_id, legacy_users.c.events)
    .join(user_profiles, user_profiles.c.user_id == legacy_users.c.user_id)
    .join(user_counters, user_counters.c.user_id == legacy_users.c.user_id)
    .where(
        legacy_users.c.origin.in_(BROUGHT),
        user_counters.c.sequence == legacy_users.c.events,
    )
)
_page = (
    _untouched.where(legacy_users.c.user_id > bindparam("after"))
    .order_by(legacy_users.c.user_id)
    .limit(bindparam("size"))
)
_among = _untouched.where(legacy_users.c.user_id.in_(bindparam("users", expanding=True)))
_counters = (
    select(user_counters.c.user_id, user_counters.c.sequence)
    .where(user_counters.c.user_id.in_(bindparam("users", expanding=True)))
    .order_by(user_counters.c.user_id)
    .with_for_update()
)

Untouched = dict[str, int]
"""How many events there are of each, all of them the import's."""


@dataclass(slots=True)
class Taken:
    users: int = 0
    besitos: int = 0


def untouched_among(user_ids: Sequence[str]) -> Statement[Untouched]:
    """Those of them whom the import has brought, and who have done nothing since."""
    return lambda connection: {
        row[0]: row[1] for row in connection.execute(_among, {"users": list(user_ids)})
    }


def _untouched_after(after: str) -> Statement[list[str]]:
    values = {"after": after, "size": AT_ONCE}
    return lambda connection: [row[0] for row in connection.execute(_page, values)]


class TakingAway:
    def __init__(self, services: Services, migrations: Migrations, merger: Merger) -> None:
        self._commits = services.commits
        self._users = services[UserService]
        self._besitos = services[BesitosService]
        self._migrations = migrations
        self._merger = merger

    async def run(self, migration: Migration, on_progress: Callable[[int], None]) -> Taken:
        """To the end; one that was killed is begun again. ``on_progress`` hears how many have gone.

        Raises StoreUnavailable, GuardFailed when the phase is another one.
        """
        taken, last = Taken(), ""
        while page := await self._commits.database.read(_untouched_after(last)):
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
        # Before anybody goes: an account must be there to give.
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
