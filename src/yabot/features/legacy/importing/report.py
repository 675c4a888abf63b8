"""What has become of each user of the old store, and of each besito. By keys, fields and reasons:
never a name, a text or a value.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from yabot.features.legacy.importing.details import Details
from yabot.features.legacy.merging.merger import Merged
from yabot.features.legacy.record import Record, Refusal
from yabot.features.legacy.snapshots.snapshot import Snapshot

# How many reasons are counted separately; the others share one count.
MOST_REASONS = 50
OTHER_REASONS = "for another reason"


@dataclass(frozen=True, slots=True)
class Brought:
    """``there``: how many of the record's besitos the new stores had before."""

    record: Record
    merged: Merged
    there: int

    @property
    def user_id(self) -> str:
        return self.record.user.user_id

    @property
    def is_unchanged(self) -> bool:
        return self.merged.outcome == "unchanged"

    @property
    def is_forgotten(self) -> bool:
        return self.merged.outcome == "forgotten"


@dataclass(frozen=True, slots=True)
class Unmergeable:
    """A record that a store would not take; ``reason`` says why, without quoting it."""

    record: Record
    reason: str


@dataclass(slots=True)
class Besitos:
    """What has become of the store's besitos. A store may say fractions and negative amounts."""

    said: Decimal = Decimal(0)
    posted: int = 0
    there: int = 0
    missing: int = 0
    """Below 0: besitos that were spent in the old bot, and meanwhile here as well."""
    refused: Decimal = Decimal(0)
    forgotten: int = 0
    mended: dict[str, Decimal] = field(default_factory=dict)
    """By kind of repair, how much more the store says than was taken from it."""

    def mend(self, how: str, by: Decimal) -> None:
        self.mended[how] = self.mended.get(how, Decimal(0)) + by

    @property
    def add_up(self) -> bool:
        found = self.posted + self.there + self.missing + self.refused + self.forgotten
        return self.said == found + sum(self.mended.values(), Decimal(0))


@dataclass(slots=True)
class Report:
    """Filled by an import. Lines by key go to ``details``, so memory does not grow with them."""

    details: Details
    is_rehearsal: bool = False
    entries: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)
    doubled: int = 0
    damage: str | None = None
    besitos: Besitos = field(default_factory=Besitos)
    in_ledger: int | None = None
    """How much the import has posted, according to the ledger."""

    @property
    def refused(self) -> int:
        return self.refusals.total()

    @property
    def refused_share(self) -> float:
        """How many of all entries were refused, in percent."""
        return 100 * self.refused / self.entries if self.entries else 0.0

    @property
    def reconciles(self) -> bool:
        return self.besitos.add_up and self.in_ledger in (None, self.besitos.posted)

    def read(self, found: Record | Refusal) -> None:
        """Count what the store says, before anything is merged."""
        self.entries += 1
        if isinstance(found, Refusal):
            self.besitos.said += found.besitos
            self._refuse(found.key, found.reason, found.besitos)
            return
        self.besitos.said += found.user.kisses
        for repair in found.repairs:
            self.besitos.said += repair.besitos
            self.repairs[repair.field, repair.how] += 1
            if repair.besitos:
                self.besitos.mend(repair.how, repair.besitos)
        if found.repairs:
            fields = [{"field": each.field, "how": each.how} for each in found.repairs]
            self.details.add("repaired", {"key": found.user.user_id, "fields": fields})

    def add(self, outcomes: Iterable[Brought | Unmergeable]) -> None:
        for each in outcomes:
            if isinstance(each, Unmergeable):
                user = each.record.user
                self._refuse(user.user_id, each.reason, Decimal(user.kisses))
            else:
                self._add(each)

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Add what is known of the store as a whole: its damage and its doubled keys."""
        self.damage = snapshot.damage.where if snapshot.damage else None
        self.doubled, after = snapshot.passed_over, ""
        while keys := snapshot.doubled(after, 500):
            for key in keys:
                self.details.add("doubled", {"key": key})
            after = keys[-1]

    def _add(self, brought: Brought) -> None:
        merged, kisses = brought.merged, brought.record.user.kisses
        self.outcomes[merged.outcome] += 1
        if brought.is_forgotten:
            self.besitos.forgotten += kisses
        elif brought.is_unchanged:
            self.besitos.there += kisses
        else:
            self.besitos.posted += merged.besitos
            self.besitos.there += brought.there
            self.besitos.missing += kisses - brought.there - merged.besitos
        self.conflicts.update(merged.conflicts)
        if merged.conflicts:
            self.details.add("conflicts", {"key": brought.user_id, "fields": merged.conflicts})

    def _refuse(self, key: str, reason: str, besitos: Decimal) -> None:
        self.besitos.refused += besitos
        is_counted = reason in self.refusals or len(self.refusals) < MOST_REASONS
        self.refusals[reason if is_counted else OTHER_REASONS] += 1
        self.details.add("refused", {"key": key, "reason": reason})

    def counts(self) -> Mapping[str, Any]:
        """All that is not by key, as JSON has it."""
        besitos = self.besitos
        return {
            "rehearsal": self.is_rehearsal,
            "entries": self.entries,
            "users": {
                **{name: self.outcomes[name] for name in OUTCOMES},
                "refused": self.refused,
            },
            "doubled": self.doubled,
            "damage": self.damage,
            "besitos": {
                "in_the_store": _number(besitos.said),
                "posted": besitos.posted,
                "there_already": besitos.there,
                "missing": besitos.missing,
                "refused": _number(besitos.refused),
                "forgotten": besitos.forgotten,
                "repaired": {how: _number(by) for how, by in sorted(besitos.mended.items())},
                "posted_in_ledger": self.in_ledger,
                "reconcile": self.reconciles,
            },
            "repairs": [
                {"field": name, "how": how, "users": users}
                for (name, how), users in sorted(self.repairs.items())
            ],
            "refusals": [
                {"reason": reason, "users": users} for reason, users in self.refusals.most_common()
            ],
            "conflicts": [
                {"field": name, "users": users} for name, users in sorted(self.conflicts.items())
            ],
        }


OUTCOMES = ("imported", "merged", "unchanged", "forgotten")


def _number(amount: Decimal) -> int | float:
    """The amount as a number of JSON; exact below 2**53."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)
