from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from yabot.clock import from_microseconds, rfc3339, to_microseconds, utc_now

moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))


@given(moments)
def test_microseconds_lose_nothing(moment: datetime) -> None:
    assert from_microseconds(to_microseconds(moment)) == moment


@given(moments, moments)
def test_texts_sort_as_the_moments_do(one: datetime, other: datetime) -> None:
    assert (rfc3339(one) < rfc3339(other)) == (one < other)


@given(moments)
def test_a_text_is_that_moment_in_utc(moment: datetime) -> None:
    text = rfc3339(moment.astimezone(timezone(timedelta(hours=5))))
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment


def test_now_is_aware() -> None:
    assert utc_now().tzinfo is UTC
