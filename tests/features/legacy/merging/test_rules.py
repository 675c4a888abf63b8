"""The rules of docs/features/legacy.md, for whatever has happened on both sides."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.legacy.house import LONG_AGO, NEXT_YEARS, old_user
from tests.features.legacy.old_users import old_users
from yabot.features.legacy.merging.rules import Changes, Term, differing, merge, nobody
from yabot.features.legacy.record import OldUser

USERS = old_users()
BASES = st.none() | USERS


@given(USERS)
def test_whoever_is_new_is_then_as_they_were(theirs: OldUser) -> None:
    changes = merge(None, theirs, None)
    assert differing(changes.applied_to(nobody(theirs)), theirs) == ()
    assert changes.conflicts == ()


@given(USERS, USERS)
def test_a_side_that_has_not_changed_changes_nothing(base: OldUser, ours: OldUser) -> None:
    assert not merge(base, base, ours)


@given(USERS, USERS)
def test_what_only_the_old_side_changed_is_taken(base: OldUser, theirs: OldUser) -> None:
    """What it has lost of what nobody loses stays."""
    changes = merge(base, theirs, base)
    left = differing(changes.applied_to(base), theirs)
    assert {*left} <= {"achievements", "visited", "choices"}
    assert changes.conflicts == ()


@given(BASES, USERS, USERS)
def test_merging_again_changes_nothing(
    base: OldUser | None, theirs: OldUser, ours: OldUser
) -> None:
    then = merge(base, theirs, ours).applied_to(ours)
    assert not merge(theirs, theirs, then)
    assert merge(theirs, theirs, then) == Changes()


@given(BASES, USERS, USERS)
def test_it_depends_on_its_arguments_alone(
    base: OldUser | None, theirs: OldUser, ours: OldUser
) -> None:
    copies = [each and type(each)(**each.model_dump()) for each in (base, theirs, ours)]
    first = merge(base, theirs, ours)
    assert [base, theirs, ours] == copies
    # The order in which JSON has the fields of an object is nobody's doing.
    turned = theirs.model_copy(update={"unplaced": dict(reversed([*theirs.unplaced.items()]))})
    assert merge(base, turned, ours) == first


@given(BASES, USERS, USERS)
def test_nothing_of_ours_is_lost_unless_the_old_side_has_used_it(
    base: OldUser | None, theirs: OldUser, ours: OldUser
) -> None:
    changes = merge(base, theirs, ours)
    then = changes.applied_to(ours)
    assert then.kisses >= 0
    used = Counter(base.inventory if base else ()) - Counter(theirs.inventory)
    assert Counter(ours.inventory) - used <= Counter(then.inventory)
    assert {*ours.achievements} <= {*then.achievements}
    assert {*ours.visited} <= {*then.visited}
    assert {*ours.choices} <= {*then.choices}
    assert ("inventory" in changes.conflicts) == (Counter(changes.lost) != used)


@dataclass
class TwoSides:
    """A user in both stores, and what has been earned and bought on either side."""

    base: OldUser
    theirs: OldUser
    ours: OldUser
    kisses: int = 0
    things: Counter[str] = field(default_factory=Counter)
    conflicts: set[str] = field(default_factory=set)

    def earn(self, side: str, amount: int) -> None:
        self._set(side, kisses=self._of(side).kisses + amount)
        self.kisses += amount

    def buy(self, side: str, amount: int, thing: str) -> None:
        """If they can afford it there."""
        here = self._of(side)
        if here.kisses >= amount:
            inventory = (*here.inventory, thing)
            self._set(side, kisses=here.kisses - amount, inventory=inventory)
            self.kisses -= amount
            self.things[thing] += 1

    def use(self, side: str) -> None:
        """The oldest thing that they have there."""
        if first := self._of(side).inventory[:1]:
            self._set(side, inventory=self._of(side).inventory[1:])
            self.things[first[0]] -= 1

    def merge(self) -> None:
        changes = merge(self.base, self.theirs, self.ours)
        self.ours, self.base = changes.applied_to(self.ours), self.theirs
        self.conflicts |= {*changes.conflicts}

    def mirror(self) -> None:
        self.merge()
        self.theirs = self.base = self.ours

    def _of(self, side: str) -> OldUser:
        return self.theirs if side == "theirs" else self.ours

    def _set(self, side: str, **values: Any) -> None:
        changed = self._of(side).model_copy(update=values)
        if side == "theirs":
            self.theirs = changed
        else:
            self.ours = changed


SIDES = st.sampled_from(["theirs", "ours"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), SIDES, st.integers(1, 20)),
        st.tuples(st.just("buy"), SIDES, st.integers(1, 20), st.sampled_from(["rosa", "llave"])),
        st.tuples(st.just("use"), SIDES),
        st.tuples(st.just("merge")),
        st.tuples(st.just("mirror")),
    ),
    max_size=30,
)


@given(st.integers(0, 30), STEPS)
def test_whatever_is_earned_and_spent_on_both_sides_counts_once(
    kisses: int, steps: list[tuple[Any, ...]]
) -> None:
    first = old_user(kisses=kisses, inventory=("rosa",))
    sides = TwoSides(first, first, first)
    for name, *given_values in steps:
        getattr(sides, name)(*given_values)
    sides.mirror()
    assert sides.ours == sides.theirs
    if not sides.conflicts:
        assert sides.ours.kisses == kisses + sides.kisses
        things = Counter({"rosa": 1})
        things.update(sides.things)
        assert Counter(sides.ours.inventory) == +things
    # Both have spent the same kisses: what was not there any more is not owed.
    assert sides.ours.kisses >= max(kisses + sides.kisses, 0)


VIP = {"role": "vip", "vip_until": NEXT_YEARS}
SOONER, LATER = NEXT_YEARS - timedelta(days=9), NEXT_YEARS + timedelta(days=9)
FREE: dict[str, Any] = {"role": "free"}
REFUNDED = {"role": "vip", "vip_until": LONG_AGO}


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "then"),
    [
        pytest.param(None, VIP, FREE, VIP, id="new here"),
        pytest.param(None, FREE, VIP, VIP, id="who does not pay there says nothing"),
        pytest.param(None, VIP, VIP | {"vip_until": LATER}, LATER, id="ours is longer"),
        pytest.param(None, VIP, VIP | {"vip_until": SOONER}, NEXT_YEARS, id="theirs is longer"),
        pytest.param(None, {"role": "vip"}, VIP, None, id="without an end is longest"),
        pytest.param(VIP, VIP, REFUNDED, LONG_AGO, id="refunded here, unchanged there"),
        pytest.param(VIP, VIP | {"vip_until": LATER}, REFUNDED, LATER, id="and bought there anew"),
        pytest.param(VIP, VIP | {"vip_until": SOONER}, VIP, SOONER, id="shortened there"),
        pytest.param(VIP, FREE, VIP, FREE, id="taken away there"),
        pytest.param(VIP, FREE, VIP | {"vip_until": LATER}, LATER, id="away there, longer here"),
        pytest.param(FREE, VIP, FREE, VIP, id="bought there"),
        pytest.param(FREE, VIP, VIP | {"vip_until": LATER}, LATER, id="bought on both sides"),
    ],
)
def test_of_subscriptions_the_later_end_wins(base: Any, theirs: Any, ours: Any, then: Any) -> None:
    here = old_user(**ours)
    agreed = None if base is None else old_user(**base)
    # Something else has changed there, so that it is looked at.
    changes = merge(agreed, old_user(kisses=1, **theirs), here)
    after = changes.applied_to(here)
    expected = then if isinstance(then, dict) else {"role": "vip", "vip_until": then}
    assert {"role": after.role, "vip_until": after.vip_until} == {"vip_until": None, **expected}


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "goes", "conflict"),
    [
        (None, "salon", None, True, False),
        (None, "salon", "hall", False, True),
        ("salon", "salon", "hall", False, False),
        ("salon", "jardin", "salon", True, False),
        ("salon", "jardin", "hall", False, True),
        ("salon", "jardin", "jardin", False, False),
        ("salon", None, "salon", True, False),
    ],
)
def test_a_reader_stands_where_they_walked_here_else_where_they_did_there(
    base: str | None, theirs: str | None, ours: str | None, goes: bool, conflict: bool
) -> None:
    agreed = None if base is None else old_user(fragment=base)
    changes = merge(agreed, old_user(fragment=theirs), old_user(fragment=ours))
    assert (changes.moves, "fragment" in changes.conflicts) == (goes, conflict)
    assert changes.fragment == (theirs if goes else None)


def test_who_is_known_here_keeps_their_name() -> None:
    told = old_user(first_name="Anita", username="old_name")
    assert not merge(None, told, old_user(first_name="Ana")).names


def test_a_name_that_both_sides_changed_stays_ours() -> None:
    base = old_user(first_name="Ana")
    changes = merge(base, old_user(first_name="Anita"), old_user(first_name="Anna"))
    assert changes.names == {}
    assert changes.conflicts == ("first_name",)


def test_what_has_no_place_follows_the_old_side_by_key() -> None:
    base, theirs = (
        old_user(unplaced={"mood": "sad", "visits": 3}),
        old_user(unplaced={"mood": "happy", "pets": 1}),
    )
    then = merge(base, theirs, base).applied_to(base)
    assert then.unplaced == theirs.unplaced


def test_a_choice_of_one_side_is_taken_and_of_two_ours() -> None:
    base = old_user(choices={"a": "1", "b": "1"})
    theirs = old_user(choices={"a": "2", "b": "2", "c": "2"})
    ours = old_user(choices={"a": "1", "b": "3"})
    changes = merge(base, theirs, ours)
    assert changes.choices == {"a": "2", "c": "2"}
    assert changes.conflicts == ("choices",)


def test_kisses_that_are_not_there_any_more_are_not_taken() -> None:
    changes = merge(old_user(kisses=10), old_user(kisses=2), old_user(kisses=3))
    assert (changes.kisses, changes.conflicts) == (-3, ("kisses",))


def test_a_term_is_compared_by_its_end_first() -> None:
    assert Term("premium", LATER).lasts > Term("vip", NEXT_YEARS).lasts
    assert Term("vip", NEXT_YEARS).lasts > Term("premium", NEXT_YEARS).lasts
