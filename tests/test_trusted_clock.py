"""The wall clock is believed as long as as much time has passed by it as by the monotonic one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.coordinator.shop import Hands
from yabot.clock import uptime
from yabot.trusted_clock import LONGEST_ANSWER, MOST_DRIFT, ClockDistrusted

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


@given(spans, spans.map(lambda span: span + MOST_DRIFT + SLACK), st.sampled_from((1, -1)))
def test_a_clock_that_was_wrong_at_the_start_is_believed_until_telegram_tells_the_time(
    passed: timedelta, wrong: timedelta, direction: int
) -> None:
    hands = Hands(set_by=direction * wrong)
    clock = hands.clock()
    hands.ahead = passed
    assert abs(clock.now() - hands.wall()) < SLACK
    clock.hear(hands.wall() - hands.set_by, hands.steady())
    side = "ahead of" if direction > 0 else "behind"
    with pytest.raises(ClockDistrusted, match=f"minutes {side} Telegram's"):
        clock.now()
    hands.set_by = timedelta()
    clock.now()


@given(spans, spans.map(lambda span: span + MOST_DRIFT + SLACK), st.sampled_from((1, -1)))
def test_a_clock_that_was_set_right_is_believed_when_telegram_says_so(
    passed: timedelta, wrong: timedelta, direction: int
) -> None:
    hands = Hands(set_by=direction * wrong)
    clock = hands.clock()
    hands.ahead, hands.set_by = passed, timedelta()
    with pytest.raises(ClockDistrusted):
        clock.now()
    clock.hear(hands.wall(), hands.steady())
    assert abs(clock.now() - hands.wall()) < SLACK


def test_an_answer_that_took_too_long_tells_no_time() -> None:
    """Its reader may have been stopped, nobody knows when."""
    hands = Hands()
    clock = hands.clock()
    asked_at, told = hands.steady(), hands.wall()
    hands.pass_time(seconds=LONGEST_ANSWER, minutes=10)
    clock.hear(told, asked_at)
    clock.now()


def test_the_system_gives_a_clock_that_goes_forward() -> None:
    first = uptime()
    assert uptime() >= first > 0
