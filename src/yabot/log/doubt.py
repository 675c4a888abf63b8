"""One failure of a store need not mean that it is away."""

from yabot.errors import StoreUnavailable, TransientError
from yabot.runtime.watch import Gate


class Doubt:
    """Of one decision, whether to make it again when a store that it reads has failed."""

    def __init__(self, gate: Gate | None) -> None:
        """The store's, if it may be doubted at all."""
        self._gate = gate
        self._is_spent = False

    async def is_justified(self, failure: TransientError) -> bool:
        """Once, when the store answers a look though it has failed.

        Where it then fails again, all believe it for a while: a store that is there, and too slow,
        would be asked everything twice.
        """
        gate = self._gate
        if gate is None or not isinstance(failure, StoreUnavailable):
            return False
        if failure.store != gate.store:
            return False
        if self._is_spent:
            gate.distrust()
            return False
        self._is_spent = True
        return await gate.still_answers()
