"""The server's clock: aware datetimes in UTC, and whole microseconds since 1970 for counters."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


def to_microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_microseconds(count: int) -> datetime:
    return EPOCH + timedelta(microseconds=count)


def rfc3339(moment: datetime) -> str:
    """UTC with ``Z`` and always six decimals, so that texts sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
