"""The result of comparing the old store with the new ones."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from yabot.features.legacy.verifying.comparison import Difference

Kind = Literal[
    "agrees",
    "differs",
    "newer_here",  # has gone on here since both agreed, and nobody writes that to the old store
    "only_there",
    "only_here",
    "refused",  # nothing can be made of the entry
    "forgotten",  # has asked here to be forgotten
    "lost_here",  # MongoDB does not have what SQL says that it has
]

# For so many users the differences are listed; the others are only counted.
TOLD = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for one user. ``user_id`` of a refused entry is its key, as it may be shown."""

    user_id: str
    kind: Kind
    besitos_there: int = 0
    besitos_here: int = 0
    differences: tuple[Difference, ...] = ()
    reason: str = ""
    """Why an entry was refused."""
    is_on_its_way: bool = False
    """What one side lacks is about to be brought there."""

    def gone_on(self) -> "Outcome":
        return replace(self, kind="newer_here", differences=())


@dataclass(slots=True)
class Verification:
    """Counts by kind, and what an operator should look at."""

    mirrored: bool
    """Whether what happens here is written to the old store: then no user may be only here."""
    sample: int | None = None
    """How many users were looked at; None: all of them."""
    damage: str | None = None
    """Where the old store breaks off."""
    counts: Counter[Kind] = field(default_factory=Counter)
    besitos_there: int = 0
    besitos_here: int = 0
    """Both count the same users: those on both sides, and those whom one side wrongly lacks."""
    fields: Counter[str] = field(default_factory=Counter)
    """How many users differ in each field."""
    told: list[Outcome] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)

    @property
    def wrong(self) -> tuple[Kind, ...]:
        """The kinds that must not occur."""
        always: tuple[Kind, ...] = ("differs", "only_there", "lost_here")
        return (*always, "only_here", "forgotten") if self.mirrored else always

    @property
    def is_clean(self) -> bool:
        return self.damage is None and not any(self.counts[kind] for kind in self.wrong)

    def add(self, outcome: Outcome) -> None:
        self.counts[outcome.kind] += 1
        if outcome.kind == "refused":
            if len(self.refused) < TOLD:
                self.refused.append(outcome)
            return
        if outcome.kind in ("forgotten", "only_here") and outcome.kind not in self.wrong:
            return
        self.besitos_there += outcome.besitos_there
        self.besitos_here += outcome.besitos_here
        if outcome.kind in self.wrong:
            self.fields.update(each.field for each in outcome.differences)
            if len(self.told) < TOLD:
                self.told.append(outcome)

    def add_all(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.add(outcome)

    def lines(self) -> Iterator[str]:
        """For people: what is wrong first, then the totals."""
        yield from self.findings()
        for outcome in self.refused:
            yield f"entry {outcome.user_id} cannot be imported: {outcome.reason}"
        yield from self.totals()

    def findings(self) -> Iterator[str]:
        """What is wrong; nothing when it is clean."""
        for outcome in self.told:
            yield from _lines_of(outcome)
        wrong = sum(self.counts[kind] for kind in self.wrong)
        if wrong > len(self.told):
            yield f"and {wrong - len(self.told)} more users"
        if self.damage is not None:
            yield self.damage

    def as_json(self) -> dict[str, Any]:
        return {
            "clean": self.is_clean,
            "sample": self.sample,
            "mirrored": self.mirrored,
            "damage": self.damage,
            "users": {kind: self.counts[kind] for kind in get_args(Kind)},
            "besitos": {"old_store": self.besitos_there, "here": self.besitos_here},
            "fields": dict(self.fields),
            "found": [_json_of(outcome) for outcome in self.told],
            "refused": [{"key": each.user_id, "reason": each.reason} for each in self.refused],
        }

    def totals(self) -> Iterator[str]:
        seen = "all users" if self.sample is None else f"a sample of {self.sample} users"
        yield f"Looked at {seen}: {_count(self.counts['agrees'], 'is', 'are')} the same."
        for kind, said in _SAID.items():
            if self.counts[kind]:
                yield f"{_count(self.counts[kind], *said)}."
        same = "the same" if self.besitos_there == self.besitos_here else "not the same"
        yield f"Besitos: {self.besitos_there} in the old store, {self.besitos_here} here: {same}."


_SAID: dict[Kind, tuple[str, str]] = {
    "differs": ("differs", "differ"),
    "newer_here": ("has gone on here since", "have gone on here since"),
    "only_there": ("is in the old store only", "are in the old store only"),
    "only_here": ("is here only", "are here only"),
    "lost_here": (
        "has lost their state here: see `yabot audit stores`",
        "have lost their states here: see `yabot audit stores`",
    ),
    "refused": ("cannot be imported", "cannot be imported"),
    "forgotten": (
        "has been forgotten here and is still in the old store",
        "have been forgotten here and are still in the old store",
    ),
}


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {'user' if number == 1 else 'users'} {one if number == 1 else several}"


def _lines_of(outcome: Outcome) -> Iterator[str]:
    if outcome.kind == "differs":
        yield from (difference.line for difference in outcome.differences)
    else:
        yield f"user {outcome.user_id} {_SAID[outcome.kind][0]}"


def _json_of(outcome: Outcome) -> dict[str, Any]:
    return {
        "user_id": outcome.user_id,
        "kind": outcome.kind,
        "differences": [
            {"field": each.field, "old_store": each.theirs, "here": each.ours}
            for each in outcome.differences
        ],
    }
