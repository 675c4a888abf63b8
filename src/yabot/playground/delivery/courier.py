"""Delivers to the webhook that is set, for as long as the playground runs."""

import asyncio

from yabot.observability.logging import get_logger
from yabot.playground.bot_api.calls import Calls
from yabot.playground.delivery.round import Round
from yabot.playground.faults.injector import FaultInjector
from yabot.playground.store import webhooks
from yabot.playground.store.database import Database
from yabot.runtime.ending import end

log = get_logger(__name__)

PAUSE_S = 1.0


class Courier:
    def __init__(self, database: Database, calls: Calls, faults: FaultInjector) -> None:
        self._database = database
        self._calls = calls
        self._faults = faults
        self._arrival = asyncio.Event()
        self._new_webhook = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work(), name="playground-courier")

    async def stop(self) -> None:
        """Break off deliveries under way; they are made again after the next start."""
        if self._task is not None:
            await end([self._task])

    def ring(self) -> None:
        """Deliver again: new updates are stored."""
        self._arrival.set()

    def reconsider(self) -> None:
        """Begin anew: the webhook was set, changed or removed."""
        self._new_webhook.set()

    async def _work(self) -> None:
        while True:
            self._new_webhook.clear()
            webhook = await self._database.run(webhooks.load)
            if webhook is None:
                await self._new_webhook.wait()
                continue
            round_ = Round(webhook, self._database, self._calls, self._faults, self._arrival)
            delivering = asyncio.create_task(self._deliver(round_), name="playground-deliveries")
            try:
                await self._new_webhook.wait()
            finally:
                await end([delivering])

    async def _deliver(self, round_: Round) -> None:
        while True:
            try:
                await round_.run()
            except Exception:
                log.exception("playground.deliveries.interrupted")
            await asyncio.sleep(PAUSE_S)
