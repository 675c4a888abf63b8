"""Counts how often something was done within a window of time, for each of many keys.

All processes count together in Redis. While it does not answer, each process goes on by itself from
the last counts that it has heard.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from yabot.errors import YabotError
from yabot.observability.logging import get_logger
from yabot.runtime.recent import Recent
from yabot.runtime.watch import Gate

log = get_logger(__name__)

# Seconds that Redis gets to answer, and seconds for which it is not asked again if it does not.
PATIENCE, PAUSE = 0.25, 1.0
# Keys that are remembered. While Redis does not answer, a forgotten key begins at 0.
MOST_KEYS = 10_000
# A window begins with the first count in it, so no clock but Redis' own matters.
_ADD = """
local used = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return {used, left}
"""


@dataclass(frozen=True, slots=True)
class Count:
    """``used``: the count within the window, which ends in ``ends_in`` seconds."""

    used: int
    ends_in: float


class Counters:
    def __init__(
        self,
        redis: Redis,
        gate: Gate,
        now: Callable[[], float] = monotonic,
        patience: float = PATIENCE,
    ) -> None:
        """``gate`` is shut while Redis is known to be away; ``patience`` is how many seconds Redis
        gets to answer."""
        self._add = redis.register_script(_ADD)
        self._gate = gate
        self._now = now
        self._patience = patience
        self._asks_again_at = 0.0
        # By key, the count and when its window ends; the key that was counted last stands last.
        self._known: Recent[str, tuple[int, float]] = Recent(MOST_KEYS)

    async def add(self, key: str, window: float, more: int = 1) -> Count:
        """Count ``more`` for the key; ``window`` is in seconds. With 0 it only reads the count."""
        count = await self._added_by_all(key, window, more)
        if count is None:
            count = self._added_here(key, window, more)
        self._remember(key, count)
        return count

    async def _added_by_all(self, key: str, window: float, more: int) -> Count | None:
        """None when Redis does not answer."""
        if self._gate.reason is not None or self._now() < self._asks_again_at:
            return None
        try:
            async with asyncio.timeout(self._patience):
                arguments = (str(more), str(int(window * 1000)))
                used, left = await self._add([f"yabot:api:{{{key}}}"], arguments)
        except (RedisError, YabotError, OSError, TimeoutError) as error:
            self._go_on_alone(error)
            return None
        return Count(int(used), int(left) / 1000)

    def _go_on_alone(self, error: Exception) -> None:
        """All callers who were waiting meet the same failure; only the first logs it."""
        if self._now() >= self._asks_again_at:
            log.warning("counters.alone", reason=type(error).__name__)
        self._gate.suspected.set()
        self._asks_again_at = self._now() + PAUSE

    def _added_here(self, key: str, window: float, more: int) -> Count:
        used, ends_at = self._known.get(key, (0, 0.0))
        now = self._now()
        return Count(used + more, ends_at - now) if now < ends_at else Count(more, window)

    def _remember(self, key: str, count: Count) -> None:
        self._known[key] = (count.used, self._now() + count.ends_in)
