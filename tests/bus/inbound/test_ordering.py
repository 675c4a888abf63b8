"""The order itself, without any store."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bus.inbound.service import AWARD, HINT, REACTION, Sent
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.bus.inbound.buffer import MOST_BUFFERED, Buffer
from yabot.bus.inbound.ordering import Arrival, in_order
from yabot.bus.inbound.sources import Entry
from yabot.errors import StartupError
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope, EventPayload

CATALOG = build_catalog(FEATURES)
TYPES = ("reaction_detected", "besitos_awarded", "narrative_hint_unlocked", "user_interaction")


def arrival(sent: Sent, read_at: float = 0.0) -> Arrival:
    return Arrival(Entry(sent.name, None), Envelope.model_validate(sent.envelope), read_at)


def ordered(sent: Sequence[Sent]) -> list[str]:
    return [each.entry.id for each in in_order(map(arrival, sent), CATALOG.before)]


@pytest.mark.criterion("3.2.2", "3.2.3")
def test_the_declared_order() -> None:
    assert CATALOG.before("reaction_detected") == set()
    assert CATALOG.before("besitos_awarded") == {"reaction_detected"}
    assert CATALOG.before("narrative_hint_unlocked") == {"reaction_detected", "besitos_awarded"}
    assert CATALOG.after("reaction_detected") == {"besitos_awarded", "narrative_hint_unlocked"}


@pytest.mark.parametrize("sent", list(permutations([REACTION, AWARD, HINT])))
def test_however_they_come(sent: Sequence[Sent]) -> None:
    assert ordered(sent) == ["reaction", "award", "hint"]


def test_only_what_has_a_cause_is_held_back_for_it() -> None:
    cause = Sent("cause", 5)
    early = Sent("early", 1, cause="cause")
    assert ordered([early, cause, Sent("between", 3), Sent("last", 6)]) == [
        "between",
        "cause",
        "early",
        "last",
    ]


def test_equal_time_stamps_stay_as_they_came() -> None:
    assert ordered([Sent(name, 1) for name in "cab"]) == ["c", "a", "b"]


@st.composite
def histories(draw: st.DrawFn) -> list[Sent]:
    """Anything, rings of causes and repetitions among it."""
    names = st.sampled_from("abcdefgh")
    events = st.builds(
        Sent,
        name=names,
        second=st.integers(0, 5),
        event_type=st.sampled_from(TYPES),
        user_id=st.sampled_from(["7", "8", None]),
        correlation=st.sampled_from(["one", "two"]),
        cause=names,
    )
    return draw(st.lists(events, max_size=12))


@given(histories())
def test_whatever_comes_goes_on_once(sent: list[Sent]) -> None:
    assert sorted(ordered(sent)) == sorted(each.name for each in sent)


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from("78")), max_size=30))
def test_without_causes_the_clock_decides(stamps: list[tuple[int, str]]) -> None:
    sent = [Sent(f"{n}", second, user_id=user) for n, (second, user) in enumerate(stamps)]
    assert ordered(sent) == [each.name for each in sorted(sent, key=lambda each: each.second)]


@given(st.permutations(range(8)), st.lists(st.integers(0, 5), min_size=8, max_size=8))
def test_causes_come_first_whatever_the_clocks_say(order: list[int], seconds: list[int]) -> None:
    chain = [Sent(f"{n}", seconds[n], cause=f"{n - 1}") for n in range(8)]
    assert ordered([chain[n] for n in order]) == [f"{n}" for n in range(8)]


@pytest.mark.standard
def test_a_long_chain_and_a_large_ring_end() -> None:
    size = MOST_BUFFERED
    chain = [Sent(f"{n}", size - n, cause=f"{n - 1}", correlation=f"{n}") for n in range(size)]
    assert ordered(chain) == [f"{n}" for n in range(size)]
    pairs = [Sent(f"{n}", n, cause=f"{n ^ 1}", correlation=f"{n}") for n in range(size)]
    assert ordered(pairs) == [f"{n}" for n in range(size)]


def test_what_has_waited_takes_along_what_comes_before_it() -> None:
    buffer = Buffer(1.0, CATALOG.before)
    waited = Sent("waited", 3, cause="cause")
    others = [
        Sent("cause", 9, user_id="8"),
        Sent("before the cause", 8, user_id="8"),
        Sent("before", 2),
        Sent("behind", 4),
        Sent("another user's", 1, user_id="9"),
    ]
    buffer.add(arrival(waited, read_at=10.0))
    for each in others:
        buffer.add(arrival(each, read_at=10.5))
    assert buffer.patience(10.25) == 0.75
    assert buffer.due(10.9) == []
    due = [each.entry.id for each in buffer.due(11.0)]
    assert due == ["before", "before the cause", "cause", "waited"]


def test_a_chain_of_causes_is_walked_once() -> None:
    """Each link leads to an event that came later."""
    asked: list[str] = []

    def before(event_type: str) -> frozenset[str]:
        asked.append(event_type)
        return CATALOG.before(event_type)

    chain = [
        arrival(Sent(f"{n}", n, user_id=f"{n}", cause=f"{n + 1}"), read_at=0 if n == 0 else 9)
        for n in range(MOST_BUFFERED - 1)
    ]
    buffer = Buffer(window=1, before=before)
    for each in chain:
        buffer.add(each)
    assert buffer.due(now=1) == chain[::-1]
    # To find it, and at most twice to put it in order.
    assert len(asked) <= 3 * len(chain)


def test_a_full_buffer_does_not_wait() -> None:
    buffer = Buffer(1.0, CATALOG.before)
    for n in range(MOST_BUFFERED):
        buffer.add(arrival(Sent(f"{n}", n), read_at=10.0))
    assert len(buffer.due(10.0)) == MOST_BUFFERED // 2


class First(EventPayload):
    event_type = "first"


class Second(EventPayload):
    event_type = "second"


def test_a_declared_order_must_be_one() -> None:
    with pytest.raises(StartupError, match=r"event types that nobody brings: {'second'}"):
        Catalog([First], chains=[(First, Second)])
    with pytest.raises(StartupError, match="in a ring"):
        Catalog([First, Second], chains=[(First, Second), (Second, First)])
