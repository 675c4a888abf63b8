"""How an event is written down."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from yabot.events.envelope import Envelope
from yabot.events.partition import partition_of

MOMENT = datetime(2026, 11, 2, 8, 0, 0, 5, tzinfo=UTC)


def envelope(timestamp: datetime = MOMENT, user_id: str | None = None) -> Envelope:
    return Envelope(
        event_id="1",
        event_type="greeting",
        version=1,
        timestamp=timestamp,
        user_id=user_id,
        correlation_id="2",
        causation_id="3",
        payload={"words": 2},
    )


def test_absent_values_are_left_out() -> None:
    assert json.loads(envelope().to_json()) == {
        "event_id": "1",
        "event_type": "greeting",
        "version": 1,
        "timestamp": "2026-11-02T08:00:00.000005Z",
        "correlation_id": "2",
        "causation_id": "3",
        "payload": {"words": 2},
    }


def test_a_time_is_written_in_utc_with_all_its_decimals() -> None:
    elsewhere = datetime(2026, 11, 2, 5, 0, tzinfo=timezone(timedelta(hours=-3)))
    assert json.loads(envelope(elsewhere).to_json())["timestamp"] == "2026-11-02T08:00:00.000000Z"


def test_it_comes_back_from_its_json() -> None:
    told = envelope(user_id="7")
    assert Envelope.model_validate_json(told.to_json()) == told


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        envelope().version = 2  # type: ignore[misc]


@given(key=st.text(), partitions=st.integers(1, 1024))
def test_a_key_has_one_partition_within_the_bounds(key: str, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
    assert partition_of(key, partitions) == partition_of(key, partitions)


def test_the_partition_is_the_same_in_every_process_and_version() -> None:
    assert [partition_of(key, 16) for key in ("7", "8", "123456789")] == [2, 3, 6]


def test_keys_spread_over_all_partitions() -> None:
    counts = [0] * 16
    for user in range(1600):
        counts[partition_of(str(user), 16)] += 1
    assert min(counts) > 50
