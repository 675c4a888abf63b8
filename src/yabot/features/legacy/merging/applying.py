"""Applies a merge's changes here, through the features' services. Nobody is told anything: hints
that besitos unlock come without a message.
"""

from collections import Counter
from datetime import datetime

from yabot.clock import rfc3339, utc_now
from yabot.feature import Services
from yabot.features.besitos.journal import Account
from yabot.features.besitos.model import FROM_MIGRATION
from yabot.features.besitos.service import BesitosService
from yabot.features.items.service import ItemService
from yabot.features.items.shelf import MOST_BROUGHT
from yabot.features.legacy.merging import settling
from yabot.features.legacy.merging.looking import Seen
from yabot.features.legacy.merging.rules import Changes, Term
from yabot.features.legacy.merging.settling import Things
from yabot.features.legacy.merging.shelving import Shelving
from yabot.features.legacy.state import LEGACY, Kept, OldTerm
from yabot.features.narrative.service import NarrativeService
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.subscriptions.terms import LONGEST_GIVEN
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork


class Applying:
    def __init__(self, services: Services, most_brought: int = MOST_BROUGHT) -> None:
        self._users = services[UserService]
        self._besitos = services[BesitosService]
        self._subscriptions = services[SubscriptionService]
        self._items = services[ItemService]
        self._narrative = services[NarrativeService]
        self._shelving = Shelving(self._items.shelf, services.texts, most_brought)

    async def apply(self, work: UnitOfWork, user: User, seen: Seen, changes: Changes) -> None:
        """``user`` is as ``seen`` says, or registered by this very unit. Raises GuardFailed,
        StoreUnavailable, StateUnusable.
        """
        key = f"migration:{user.user_id}:{work.cause.id}"
        if changes.names:
            self._users.correct_profile(work, user, changes.names)
        await self._settle_state(work, user, seen, changes, key)
        if changes.kisses:
            self._settle_besitos(work, seen, changes.kisses, key)
        if changes.kisses > 0:
            await self._unlock(work, user, seen.earned + changes.kisses)

    async def _settle_state(
        self, work: UnitOfWork, user: User, seen: Seen, changes: Changes, key: str
    ) -> None:
        before = await self._users.state(user)
        kept = settling.with_fields(LEGACY.of(before), changes)
        things, achievements = await self._things(kept, changes)
        kept = kept.model_copy(update={"inventory": things.kept, "achievements": achievements.kept})
        if changes.changes_term:
            kept = kept.model_copy(update={"term": self._arrange(work, seen, changes.term)})
        after = settling.with_progress(LEGACY.put(before, kept), changes, utc_now())
        if after != before:
            self._users.update_state(work, user, lambda _: after)
        gained = Counter(things.more) + Counter(achievements.more)
        if gained or things.fewer:
            self._items.exchange(work, user, gained, things.fewer, transaction_id=key)

    async def _things(self, kept: Kept, changes: Changes) -> tuple[Things, Things]:
        shelved = self._shelving.shelved
        things = await shelved("inventory", {**changes.gained, **changes.lost})
        achievements = await shelved("achievements", changes.achievements)
        once = dict.fromkeys(changes.achievements, 1)
        return (
            settling.things("inventory", kept.inventory, things, changes.gained, changes.lost),
            settling.things("achievements", kept.achievements, achievements, once, {}),
        )

    def _arrange(self, work: UnitOfWork, seen: Seen, told: Term | None) -> OldTerm | None:
        """Change the subscription. Returns what of ``told`` must be remembered beside it."""
        now = utc_now().replace(microsecond=0)
        if told is None:
            self._end(work, seen, now)
            return OldTerm(role="free", until=None, given=now)
        assert told.role != "free"
        longest = now + LONGEST_GIVEN
        end = longest if told.until is None else min(told.until, longest)
        self._subscriptions.arrange(work, seen.user_id, seen.terms, told.role, end)
        if told.until == end:
            return None
        return OldTerm(role=told.role, until=_text(told.until), given=end)

    def _end(self, work: UnitOfWork, seen: Seen, now: datetime) -> None:
        current = self._subscriptions.current_of(seen.terms)
        if current is not None:
            self._subscriptions.arrange(work, seen.user_id, seen.terms, current.plan_type, now)

    def _settle_besitos(self, work: UnitOfWork, seen: Seen, amount: int, key: str) -> None:
        account = Account(
            seen.user_id,
            seen.standing.account if seen.standing else None,
            is_first=seen.standing is None and seen.stored.state_version == 0,
        )
        self._besitos.settle(
            work, account, amount, reason="migration", source=FROM_MIGRATION, key=key
        )

    async def _unlock(self, work: UnitOfWork, user: User, earned: int) -> None:
        for hint in await self._narrative.hints_within(user, earned):
            await self._narrative.unlock_hint(work, user, hint.id)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
