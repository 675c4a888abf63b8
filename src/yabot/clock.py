"""The server's clocks: aware datetimes in UTC, microseconds since 1970, and seconds of uptime."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Lead:
    """How far both clocks are ahead of the machine's."""

    by: timedelta = timedelta()


_lead = _Lead()


def set_ahead(by: timedelta) -> None:
    """Shift both clocks forward, as if that time had passed. For tests only.

    Sleeps that have already begun are not shortened.
    """
    _lead.by = by


def ahead() -> timedelta:
    return _lead.by


def utc_now() -> datetime:
    return datetime.now(UTC) + _lead.by  # noqa: TID251 - whom all others ask


def uptime() -> float:
    """Monotonic seconds, including those in which the system slept, if it can tell."""
    began = time.CLOCK_BOOTTIME if hasattr(time, "CLOCK_BOOTTIME") else time.CLOCK_MONOTONIC
    return time.clock_gettime(began) + _lead.by.total_seconds()


def to_microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_microseconds(count: int) -> datetime:
    return EPOCH + timedelta(microseconds=count)


def rfc3339(moment: datetime) -> str:
    """UTC with ``Z`` and always six decimals, so that texts sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
