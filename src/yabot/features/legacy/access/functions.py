"""Readers of the new stores as the old bot knows them: given in its format, and taken back.

Saving is a three-way merge like every other here. *Base* is what was given, *theirs* the profile
that comes back, *ours* what the new stores say now: two who were given the same lose nothing to
each other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.feature import Services
from yabot.features.legacy.access.marks import REMEMBERED, Mark, Profile, marked, renew
from yabot.features.legacy.access.old_way import OldWay
from yabot.features.legacy.access.returned import Returned, as_given, user_id_of
from yabot.features.legacy.merging.applying import Applying
from yabot.features.legacy.merging.looking import Seen
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.merging.rules import Changes, merge
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.record import KISSES, OldUser
from yabot.features.legacy.service import Legacy
from yabot.features.users.contact import Contact
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.runtime.recent import Recent

log = get_logger(__name__)

T = TypeVar("T")

CONSUMER = "legacy_access"
# Others may change the same reader meanwhile: each of them makes this one decide again.
DECISIONS = 100


@dataclass(frozen=True, slots=True)
class _Held:
    """What the holder of a mark has by now: what they were given, or have saved since."""

    profile: Profile
    saves: int = 0


class Access:
    """Its methods raise InvalidInput, StoreUnavailable, StateUnusable."""

    def __init__(self, services: Services) -> None:
        self._commits = services.commits
        self._users = services[UserService]
        self._merger = Merger(services)
        self._applying = Applying(services)
        self._migrations = Migrations(services.database)
        dual = services[Legacy].dual
        self._first_touch = None if dual is None else dual.first_touch
        # Of marks that were copied before they could be renewed, and of profiles that lost theirs.
        self._by_mark: Recent[str, _Held] = Recent(REMEMBERED)
        self._by_user: Recent[str, Profile] = Recent(REMEMBERED)

    async def phase(self) -> str | None:
        """Of the migration; None: there is none."""
        migration = await self._migrations.current()
        return None if migration is None else migration.phase

    async def get(self, telegram_id: object) -> Profile:
        """With a mark. Somebody new is there then, as the old bot would have created them."""
        user_id = user_id_of(telegram_id)
        old_way = await self._old_way()
        if old_way is None:
            profile, version = await self._get(user_id)
        else:
            profile, version = await asyncio.to_thread(old_way.get, user_id), 0
        self._by_user[user_id] = profile
        return marked(profile, Mark.of(profile, version))

    async def _get(self, user_id: str) -> tuple[Profile, int]:
        found = None
        while found is None:
            found = await self._decide(f"get:{uuid4().hex}", lambda work: self._find(work, user_id))
        return found

    async def save(self, profile: Profile) -> None:
        """Its mark is renewed, in place. The same once more, with the same mark, is taken once."""
        returned = Returned.read(profile)
        held = self._held(returned)
        base = held.profile if held else self._by_user.get(returned.user_id)
        key = uuid4().hex
        if returned.mark and held:
            key = f"{returned.mark.id}:{held.saves}:{returned.digest}"
        old_way = await self._old_way()
        if old_way is None:
            await self._decide(f"save:{key}", lambda work: self._take(work, returned, base))
        else:
            await asyncio.to_thread(old_way.save, returned, base)
        self._by_user[returned.user_id] = returned.plain
        if returned.mark and held:
            self._by_mark[returned.mark.id] = _Held(returned.plain, held.saves + 1)
            renew(profile, Mark.of(returned.plain, returned.mark.version))

    async def _old_way(self) -> OldWay | None:
        """Where a roll-back has put everybody; None: they are here."""
        migration = await self._migrations.current()
        is_back = migration is not None and migration.phase == "rolled_back"
        return OldWay.of(migration) if migration and is_back else None

    async def _hold_phase(self, work: UnitOfWork) -> None:
        """A roll-back writes down what is here: from its beginning on nothing may change."""
        migration = await self._migrations.current()
        if migration is not None and migration.phase in ("rolling_back", "rolled_back"):
            raise StoreUnavailable("the old bot's store", "the migration is being rolled back")
        self._migrations.hold(work, migration)

    def _held(self, returned: Returned) -> _Held | None:
        mark = returned.mark
        return None if mark is None else self._by_mark.get(mark.id) or _Held(mark.given)

    async def _find(self, work: UnitOfWork, user_id: str) -> tuple[Profile, int] | None:
        """The profile and the version of the state; None: somebody new is there with the commit."""
        seen = await self._look(user_id)
        ours = await self._merger.ours(seen)
        if ours is None and not seen.forgotten:
            await self._hold_phase(work)
            await self._begin(work, seen)
            return None
        # Who was forgotten comes back by what they do, not by being looked for.
        return as_given(ours or OldUser(user_id=user_id)), seen.stored.state_version

    async def _begin(self, work: UnitOfWork, seen: Seen) -> None:
        """With what the old store has of them, else with what the old bot gave to whoever came."""
        record = None
        if self._first_touch is not None:
            record = await self._first_touch.find(seen.user_id)
        if record is not None:
            await self._merger.merge(work, seen, record)
        else:
            first = Changes(kisses=KISSES)
            await self._applying.apply(work, self._bring(work, seen), seen, first)

    async def _take(self, work: UnitOfWork, returned: Returned, given: Profile | None) -> None:
        seen = await self._look(returned.user_id)
        ours = await self._merger.ours(seen)
        if ours is None and not _may_come(seen, returned):
            log.warning("legacy.profile_of_forgotten_not_saved", user_id=seen.user_id)
            return
        # Without what was given, all is meant as it stands: then it is a change of what is here.
        base, theirs = returned.compared(given or (None if ours is None else as_given(ours)))
        changes = merge(base, theirs, ours)
        if not changes and ours is not None:
            return
        await self._hold_phase(work)
        user = self._users.as_user(seen.stored) or self._bring(work, seen, theirs)
        await self._applying.apply(work, user, seen, changes)

    async def _look(self, user_id: str) -> Seen:
        return (await self._merger.look([user_id]))[user_id]

    def _bring(self, work: UnitOfWork, seen: Seen, theirs: OldUser | None = None) -> User:
        told = theirs or OldUser(user_id=seen.user_id)
        contact = Contact.told(
            told.user_id, told.first_name, told.last_name, told.username, language_code=None
        )
        return self._users.bring(work, contact, seen.stored, utc_now())

    async def _decide(self, key: str, decision: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        cause_id = f"legacy:{key}"
        cause = Cause(CONSUMER, cause_id, cause_id)
        return (await self._commits.decide(cause, decision, attempts=DECISIONS)).answer


def _may_come(seen: Seen, returned: Returned) -> bool:
    """Whether somebody who is not here has not been forgotten since the profile was given."""
    version = returned.mark.version if returned.mark else 0
    return version == seen.stored.state_version if seen.forgotten else True
