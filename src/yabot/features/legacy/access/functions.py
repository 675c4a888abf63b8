"""Gives an old bot the readers of the new stores as profiles in its format, and saves them again.

Saving is a three-way merge, as everywhere in this package. *Base* is the profile that was given,
*theirs* the one that comes back, *ours* what the new stores say now. So two callers who were given
the same profile do not overwrite each other's changes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, replace
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
from yabot.log.appending import has_receipt
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.runtime.recent import Recent

log = get_logger(__name__)

T = TypeVar("T")

CONSUMER = "legacy_access"
# Attempts at one decision: each concurrent change of the same reader takes another one.
DECISIONS = 100


@dataclass(frozen=True, slots=True)
class _Held:
    """The profile that the holder of a mark has by now: as it was given, or saved last; None if
    neither is remembered."""

    profile: Profile | None
    saves: int = 0
    # Of the last save, where SQL has not said whether it was taken: what it was, and its cause.
    unsure: tuple[Profile, Cause] | None = None

    def saved(self, profile: Profile) -> "_Held":
        return _Held(profile, self.saves + 1)


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
        # For marks that were copied before they were renewed; for profiles that lost their mark.
        self._by_mark: Recent[str, _Held] = Recent(REMEMBERED)
        self._by_user: Recent[str, _Held] = Recent(REMEMBERED)

    async def phase(self) -> str | None:
        """The migration's phase; None: there is no migration."""
        migration = await self._migrations.current()
        return None if migration is None else migration.phase

    async def get(self, telegram_id: object) -> Profile:
        """The user's profile, with a mark. An unknown user is created, as the old bot would do."""
        user_id = user_id_of(telegram_id)
        old_way = await self._old_way()
        if old_way is None:
            profile, version = await self._get(user_id)
        else:
            profile, version = await asyncio.to_thread(old_way.get, user_id), 0
        # The caller changes theirs.
        self._by_user[user_id] = _Held(deepcopy(profile))
        return marked(profile, Mark.of(profile, version))

    async def _get(self, user_id: str) -> tuple[Profile, int]:
        found = None
        while found is None:
            cause = _cause(f"get:{uuid4().hex}")
            found = await self._decide(cause, lambda work: self._find(work, user_id))
        return found

    async def save(self, profile: Profile) -> None:
        """Save it, and renew its mark in place. The same profile with the same mark counts once.

        After StoreUnavailable, this process also counts it once if it has further changes, or no
        mark any more.
        """
        returned = Returned.read(profile)
        held = await self._settled(self._held(returned))
        key = uuid4().hex
        if returned.mark:
            key = f"{returned.mark.id}:{held.saves}:{returned.digest}"
        cause = _cause(f"save:{key}")
        try:
            await self._save(cause, returned, held.profile)
        except StoreUnavailable:
            self._remember(returned, replace(held, unsure=(returned.plain, cause)))
            raise
        self._remember(returned, held.saved(returned.plain))
        if returned.mark:
            self._by_user[returned.user_id] = _Held(returned.plain)
            renew(profile, Mark.of(returned.plain, returned.mark.version))

    async def _save(self, cause: Cause, returned: Returned, base: Profile | None) -> None:
        old_way = await self._old_way()
        if old_way is None:
            await self._decide(cause, lambda work: self._take(work, returned, base))
        else:
            await asyncio.to_thread(old_way.save, returned, base)

    async def _old_way(self) -> OldWay | None:
        """The old bot's file, if a roll-back has moved everybody back; None: the users are here."""
        migration = await self._migrations.current()
        is_back = migration is not None and migration.phase == "rolled_back"
        return OldWay.of(migration) if migration and is_back else None

    async def _hold_phase(self, work: UnitOfWork) -> None:
        """Hold the phase. Raises StoreUnavailable if a roll-back writes down what is here."""
        migration = await self._migrations.current()
        if migration is not None and migration.phase in ("rolling_back", "rolled_back"):
            raise StoreUnavailable("the old bot's store", "the migration is being rolled back")
        self._migrations.hold(work, migration)

    def _held(self, returned: Returned) -> _Held:
        mark = returned.mark
        if mark is None:
            return self._by_user.get(returned.user_id) or _Held(None)
        return self._by_mark.get(mark.id) or _Held(mark.given)

    def _remember(self, returned: Returned, held: _Held) -> None:
        if returned.mark is None:
            self._by_user[returned.user_id] = held
        else:
            self._by_mark[returned.mark.id] = held

    async def _settled(self, held: _Held) -> _Held:
        """What they have, where SQL had not said whether the last save was taken."""
        if held.unsure is None:
            return held
        profile, cause = held.unsure
        if await self._commits.database.read(has_receipt(cause)):
            return held.saved(profile)
        return replace(held, unsure=None)

    async def _find(self, work: UnitOfWork, user_id: str) -> tuple[Profile, int] | None:
        """The profile and the state's version; None: this unit registers the user, so ask again."""
        seen = await self._look(user_id)
        ours = await self._merger.ours(seen)
        if ours is None and not seen.forgotten:
            await self._hold_phase(work)
            await self._begin(work, seen)
            return None
        # A forgotten user comes back by their own action, not by a question for the profile.
        return as_given(ours or OldUser(user_id=user_id)), seen.stored.state_version

    async def _begin(self, work: UnitOfWork, seen: Seen) -> None:
        """Register a user with their entry in the old store, or with the old bot's defaults."""
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
        # If nobody knows what was given, the whole profile is meant, as a change of what is here.
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

    async def _decide(self, cause: Cause, decision: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        return (await self._commits.decide(cause, decision, attempts=DECISIONS)).answer


def _cause(key: str) -> Cause:
    cause_id = f"legacy:{key}"
    return Cause(CONSUMER, cause_id, cause_id)


def _may_come(seen: Seen, returned: Returned) -> bool:
    """Whether to register a user who is not here: not if forgotten after the profile was given."""
    version = returned.mark.version if returned.mark else 0
    return version == seen.stored.state_version if seen.forgotten else True
