"""The wall clock is believed as long as as much time has passed by it as by the monotonic one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.coordinator.shop import Hands
from yabot.clock import uptime
from yabot.trusted_clock import MOST_DRIFT, ClockDistrusted

spans = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=4000))
SLACK = timedelta(seconds=5)


@given(spans, st.timedeltas(min_value=-MOST_DRIFT + SLACK, max_value=MOST_DRIFT - SLACK))
def test_time_that_passes_and_small_corrections_are_believed(
    passed: timedelta, correction: timedelta
) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.ahead, hands.set_by = passed, correction
    assert abs(clock.now() - hands.wall()) < SLACK


@given(spans, spans.map(lambda span: span + MOST_DRIFT + SLACK), st.sampled_from((1, -1)))
def test_a_jump_is_not_however_much_time_has_passed(
    passed: timedelta, jump: timedelta, direction: int
) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.ahead = passed
    hands.set_by = direction * jump
    with pytest.raises(ClockDistrusted):
        clock.now()
    hands.set_by = timedelta()
    clock.now()


def test_the_system_gives_a_clock_that_goes_forward() -> None:
    first = uptime()
    assert uptime() >= first > 0
