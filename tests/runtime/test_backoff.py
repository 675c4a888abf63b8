from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from yabot.runtime.backoff import backoff


@given(first=st.floats(0.01, 1), most=st.floats(1, 30), factor=st.floats(1.5, 4))
def test_pauses_grow_to_the_most_and_stay_within_their_jitter(
    first: float, most: float, factor: float
) -> None:
    pause = first
    for actual in islice(backoff(first, most, factor), 20):
        assert 0.75 * pause <= actual <= 1.25 * pause
        pause = min(pause * factor, most)
    assert pause == most or first * factor**20 < most


def test_waiters_do_not_come_back_at_the_same_instant() -> None:
    assert len({next(backoff()) for _ in range(50)}) > 40
