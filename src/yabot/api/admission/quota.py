"""How many requests a service may send in a minute, counted together by all processes.

Redis is not asked for each request: a process takes some in advance and counts those by itself. So
the quota is never exceeded; requests that a process has taken but not used are lost when the minute
ends.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from yabot.api.answering import problems
from yabot.api.counters import Counters
from yabot.runtime.recent import Recent

MINUTE = 60.0
# A process takes a hundredth of the quota at a time.
SHARES = 100
# Services that are remembered.
MOST_SERVICES = 1000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a service stands in its minute, which ends in ``reset`` seconds."""

    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers of draft-ietf-httpapi-ratelimit-headers, up to its version 06."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


@dataclass(slots=True)
class _Minute:
    """``in_hand``: requests taken and not used yet; ``taken``: those taken by all processes."""

    in_hand: int = 0
    taken: int = 0
    ends_at: float = 0.0
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Quota:
    def __init__(
        self, counters: Counters, per_minute: int, now: Callable[[], float] = monotonic
    ) -> None:
        self._counters = counters
        self._limit = per_minute
        self._at_a_time = max(1, per_minute // SHARES)
        self._now = now
        self._minutes: Recent[str, _Minute] = Recent(MOST_SERVICES)

    async def use(self, service: str) -> Standing:
        """Count one request. Raises Refused if the service has used up this minute's."""
        minute = self._minute_of(service)
        if not self._has_one(minute):
            # Those who wait here share what the first of them takes.
            async with minute.taking:
                if not self._has_one(minute):
                    await self._take(service, minute)
        standing = self._standing(minute)
        if minute.in_hand == 0:
            raise problems.QUOTA_EXCEEDED.refuse(
                f"This service has sent its {self._limit} requests of this minute.",
                Retry_After=str(standing.reset),
                **{name.replace("-", "_"): told for name, told in standing.headers.items()},
            )
        minute.in_hand -= 1
        return standing

    async def _take(self, service: str, minute: _Minute) -> None:
        """Take more from Redis; once nothing is left, Redis is not asked until the minute ends."""
        if minute.taken >= self._limit and self._now() < minute.ends_at:
            return
        wanted = self._at_a_time
        count = await self._counters.add(f"quota:{service}", MINUTE, wanted)
        minute.in_hand = max(0, min(wanted, self._limit - (count.used - wanted)))
        minute.taken = count.used
        minute.ends_at = self._now() + count.ends_in

    def _has_one(self, minute: _Minute) -> bool:
        return minute.in_hand > 0 and self._now() < minute.ends_at

    def _standing(self, minute: _Minute) -> Standing:
        """The standing after the request that is being counted."""
        left = max(0, self._limit - minute.taken) + max(0, minute.in_hand - 1)
        return Standing(self._limit, left, max(1, ceil(minute.ends_at - self._now())))

    def _minute_of(self, service: str) -> _Minute:
        minute = self._minutes.get(service)
        if minute is None:
            minute = self._minutes[service] = _Minute()
        return minute
