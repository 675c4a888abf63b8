"""Retrying a decision once when a store failed although it is reachable."""

from yabot.errors import StoreUnavailable, TransientError
from yabot.runtime.watch import Gate


class Doubt:
    """One retry per decision, for failures of the store behind ``gate``."""

    def __init__(self, gate: Gate | None) -> None:
        """None: never retry."""
        self._gate = gate
        self._is_spent = False

    async def is_justified(self, failure: TransientError) -> bool:
        """True once, if the store that failed answers a look.

        If it then fails again, no decision is retried for a while: otherwise a store that is there
        but too slow would be asked everything twice.
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
