"""Token buckets: how often something may be done, for each of many keys, in bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from yabot.runtime.recent import Recent

# Keys that are remembered; a forgotten key has a full bucket again.
MOST_KEYS = 10_000


@dataclass(slots=True)
class Bucket:
    tokens: float
    filled_at: float
    # Whether ``tell_once`` was asked since the bucket was last half full.
    told: bool = False


class Buckets:
    """Each bucket begins with ``capacity`` tokens, its maximum, and gains ``per_second``."""

    def __init__(
        self, capacity: int, per_second: float, now: Callable[[], float] = monotonic
    ) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._now = now
        self._buckets: Recent[str, Bucket] = Recent(MOST_KEYS)

    def take(self, key: str) -> bool:
        """Take a token; false if there is none."""
        bucket = self._filled(key)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def give_back(self, key: str) -> None:
        """Give a token back, because its use has failed."""
        bucket = self._filled(key)
        bucket.tokens = min(self._capacity, bucket.tokens + 1)

    def is_empty(self, key: str) -> bool:
        return self._filled(key).tokens < 1

    def tell_once(self, key: str) -> bool:
        """True at the first call, and then again once the bucket has been half full since."""
        bucket = self._filled(key)
        first, bucket.told = not bucket.told, True
        return first

    def _filled(self, key: str) -> Bucket:
        now = self._now()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._capacity, now)
        else:
            self._buckets.move_to_end(key)
        gained = (now - bucket.filled_at) * self._per_second
        bucket.tokens = min(self._capacity, bucket.tokens + gained)
        bucket.filled_at = now
        bucket.told = bucket.told and bucket.tokens < self._capacity / 2
        return bucket


@dataclass(slots=True, eq=False)
class Tokens:
    """The tokens of one cause: if it is decided again, it keeps those that it has taken, and takes
    no more.
    """

    _granted: dict[tuple[Buckets, str], bool] = field(default_factory=dict, init=False)

    def take(self, buckets: Buckets, key: str) -> bool:
        """Whether there was a token when the cause asked for it first."""
        if (buckets, key) not in self._granted:
            self._granted[buckets, key] = buckets.take(key)
        return self._granted[buckets, key]

    def may_take(self, buckets: Buckets, key: str) -> bool:
        """What ``take`` would say now."""
        return self._granted.get((buckets, key), not buckets.is_empty(key))
