"""Brings one user of the old store into the new ones, or what has changed of them there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from yabot.clock import utc_now
from yabot.feature import Services
from yabot.features.items.shelf import MOST_BROUGHT
from yabot.features.legacy import waiting
from yabot.features.legacy.events import LegacyUserImported
from yabot.features.legacy.merging import looking, ours
from yabot.features.legacy.merging import rules as merging
from yabot.features.legacy.merging.applying import Applying
from yabot.features.legacy.merging.looking import Seen
from yabot.features.legacy.record import OldUser, Record
from yabot.features.legacy.repository import Agreement, Agreements
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.users.contact import Contact
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork

Outcome = Literal["imported", "merged", "unchanged", "forgotten"]


@dataclass(frozen=True, slots=True)
class Merged:
    """``besitos``: what was posted, below 0 what was taken. ``conflicts`` by the fields' names."""

    outcome: Outcome
    besitos: int = 0
    conflicts: tuple[str, ...] = ()


class Merger:
    def __init__(self, services: Services, *, most_items: int = MOST_BROUGHT) -> None:
        """``most_items``: how many items may be made for what users had; 0 in a rehearsal."""
        self._database = services.database
        self._users = services[UserService]
        self._subscriptions = services[SubscriptionService]
        self._applying = Applying(services, most_items)

    async def look(self, user_ids: Sequence[str]) -> Mapping[str, Seen]:
        """Read all of these users at once; the result has each of them.

        Raises StoreUnavailable; ConfigurationError for a list of the forgotten that cannot be read.
        """
        forgotten = await self._users.forgotten.read()
        return await self._database.read(looking.look(user_ids, forgotten))

    async def ours(self, seen: Seen) -> OldUser | None:
        """The user as the new stores have them; None: they are not here.

        Raises StoreUnavailable, GuardFailed when it has changed since, StateUnusable.
        """
        user = self._users.as_user(seen.stored)
        return None if user is None else await self._ours(user, seen)

    async def merge(
        self, work: UnitOfWork, seen: Seen, record: Record, user: User | None = None
    ) -> Merged:
        """Merge what the old store says with what has happened here meanwhile.

        ``user`` is given if this very unit registers them. Raises GuardFailed, StoreUnavailable,
        StateUnusable, and StateLost for a user of whom a store has lost its part.
        """
        theirs, known = record.user, seen.known
        base = known.agreed(record.mark) if known else None
        if seen.forgotten and not (known and known.has_arrived(record.mark)):
            return Merged("forgotten")
        if known is not None and known.is_former(record.mark):
            # Without a remembered agreement, nothing in an older entry counts as new.
            base = base or theirs
            if theirs == base:
                work.add(waiting.note(seen.user_id))
                return Merged("unchanged")
        elif known is not None and base is known.base and theirs.digest == known.digest:
            return Merged("unchanged")
        published = len(work.events)
        here = user or self._users.as_user(seen.stored)
        found = None if here is None else await self._ours(here, seen)
        changes = merging.merge(base, theirs, found)
        await self._applying.apply(work, here or self._bring(work, seen, theirs), seen, changes)
        origin: Literal["imported", "merged"] = "merged" if seen.stored.profile else "imported"
        told = LegacyUserImported(outcome=origin, besitos=changes.kisses)
        work.publish(told, seen.user_id)
        agreement = Agreement(
            theirs,
            known,
            record.mark,
            waits=found is not None and merging.differing(changes.applied_to(found), theirs) != (),
            events=len(work.events) - published,
            origin=origin,
        )
        work.gather(Agreements).rows.append(agreement)
        return Merged(origin, changes.kisses, changes.conflicts)

    async def _ours(self, user: User, seen: Seen) -> OldUser:
        term = self._subscriptions.current_of(seen.terms)
        return ours.of(user.profile, await self._users.state(user), seen.balance, term)

    def _bring(self, work: UnitOfWork, seen: Seen, theirs: OldUser) -> User:
        contact = Contact.told(
            seen.user_id, theirs.first_name, theirs.last_name, theirs.username, language_code=None
        )
        # A registration in the future must be a mistake.
        now = utc_now()
        since = min(theirs.registered_at or now, now)
        return self._users.bring(work, contact, seen.stored, since)
