"""Keeps services from using up the program at the cost of each other, and of its readers."""

from yabot.api.admission.quota import Quota, Standing
from yabot.api.admission.turns import REFUSED, Turns
from yabot.api.answering.problems import Refused
from yabot.api.labels import ServiceLabels
from yabot.observability.metrics import API_TURNED_AWAY, labelled


class Fairness:
    def __init__(self, quota: Quota, turns: Turns) -> None:
        self._quota = quota
        self._turns = turns
        self._labels = ServiceLabels()

    async def enter(self, service: str) -> Standing:
        """Wait for a turn, which ``leave`` ends. Raises Refused if the service must ask later."""
        try:
            standing = await self._quota.use(service)
            await self._turns.take(service)
        except Refused as refused:
            labelled(API_TURNED_AWAY, self._labels.of(service), refused.code).inc()
            raise
        return standing

    def leave(self, service: str) -> None:
        self._turns.give_back(service)

    async def enter_to_refuse(self) -> None:
        """Wait for a turn to refuse: a sender of many bad requests waits like everybody else."""
        await self._turns.take(REFUSED)

    def leave_refused(self) -> None:
        self._turns.give_back(REFUSED)
