"""What keeps services from taking the program from each other, and from its readers."""

from yabot.api.problems import Refused
from yabot.api.quota import Quota, Standing
from yabot.api.turns import REFUSED, Turns
from yabot.observability.metrics import API_TURNED_AWAY


class Fairness:
    def __init__(self, quota: Quota, turns: Turns) -> None:
        self._quota = quota
        self._turns = turns

    async def enter(self, service: str) -> Standing:
        """Until its turn has come; ``leave`` ends it. Raises Refused when it is to come later."""
        try:
            standing = await self._quota.use(service)
            await self._turns.take(service)
        except Refused as refused:
            API_TURNED_AWAY.labels(service, refused.code).inc()
            raise
        return standing

    def leave(self, service: str) -> None:
        self._turns.give_back(service)

    async def enter_to_refuse(self) -> None:
        """Refusals are given in turn, too: whoever hammers waits as everybody does."""
        await self._turns.take(REFUSED)

    def leave_refused(self) -> None:
        self._turns.give_back(REFUSED)
