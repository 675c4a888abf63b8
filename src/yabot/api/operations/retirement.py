"""How an operation is retired: every answer announces it, and it stays until its day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

SINCE = "x-deprecated-since"
SUNSET = "x-sunset"
INSTEAD = "x-instead"


@dataclass(frozen=True, slots=True)
class Retirement:
    """Deprecated from ``since``, removed on ``gone``; ``instead`` is another operation's id."""

    since: date
    gone: date
    instead: str

    @property
    def extra(self) -> dict[str, Any]:
        """The fields for the operation's description."""
        return {
            "deprecated": True,
            SINCE: self.since.isoformat(),
            SUNSET: self.gone.isoformat(),
            INSTEAD: self.instead,
        }


def announcing(extra: Mapping[str, Any]) -> dict[str, str]:
    """The headers of RFC 9745 and RFC 8594 of an operation that ``extra`` describes."""
    if SUNSET not in extra:
        return {}
    since, gone = (_midnight(date.fromisoformat(extra[name])) for name in (SINCE, SUNSET))
    return {
        "Deprecation": f"@{int(since.timestamp())}",
        "Sunset": format_datetime(gone, usegmt=True),
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
