"""Long polling: a new poll ends the one that waits, as with Telegram."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from yabot.playground.bot_api.errors import BotApiError
from yabot.playground.bot_api.params import Params
from yabot.playground.store import updates, webhooks
from yabot.playground.store.database import Database, Transaction

LONGEST_WAIT_S = 50
MOST_UPDATES = 100

CONFLICT = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
WEBHOOK_IS_SET = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
WEBHOOK_CAME = "Conflict: terminated by setWebhook request"

Updates = list[Any]


class Polling:
    """``waiting`` tells how many long polls wait at this moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._arrivals = 0
        self._bell = asyncio.Event()
        self._newest_waiter: object = None
        self.waiting = 0
        self._closed = False

    def ring(self) -> None:
        """Wake the waiting poll: new updates are stored, or a webhook takes them."""
        self._arrivals += 1
        self._wake()

    def close(self) -> None:
        """Ends the poll that waits."""
        self._closed = True
        self._wake()

    async def get_updates(self, params: Params) -> Updates:
        deadline = _now() + _clamped(params.integer("timeout"), 0, LONGEST_WAIT_S)
        limit = _clamped(params.integer("limit", MOST_UPDATES), 1, MOST_UPDATES)
        take = partial(updates.take, offset=params.integer("offset"), limit=limit)
        kinds = updates.asked_kinds(params.parsed("allowed_updates", "allowed updates"))
        arrivals = self._arrivals

        def first_look(tx: Transaction) -> Updates:
            _refuse_beside_webhook(tx, WEBHOOK_IS_SET)
            if kinds is not None and kinds != updates.allowed(tx):
                updates.set_allowed(tx, kinds)
            return take(tx)

        found = await self._database.run(first_look)
        if found or _now() >= deadline:
            return found

        def look_again(tx: Transaction) -> Updates:
            _refuse_beside_webhook(tx, WEBHOOK_CAME)
            return take(tx)

        return await self._wait_for_more(look_again, arrivals, deadline)

    async def _wait_for_more(
        self, take: Callable[[Transaction], Updates], arrivals: int, deadline: float
    ) -> Updates:
        me = self._newest_waiter = object()
        self._wake()
        self.waiting += 1
        try:
            while _now() < deadline and not self._closed:
                await self._arrival_after(arrivals, deadline)
                arrivals = self._arrivals
                found = await self._database.run(take)
                if self._newest_waiter is not me:
                    raise BotApiError(409, CONFLICT)
                if found:
                    return found
            return []
        finally:
            self.waiting -= 1

    async def _arrival_after(self, arrivals: int, deadline: float) -> None:
        if self._arrivals == arrivals:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self._bell.wait()

    def _wake(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()


def _refuse_beside_webhook(tx: Transaction, description: str) -> None:
    if webhooks.load(tx) is not None:
        raise BotApiError(409, description)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _clamped(value: int, lowest: int, highest: int) -> int:
    return max(lowest, min(value, highest))
