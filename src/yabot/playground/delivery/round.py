"""One webhook's deliveries: in order within a chat, chats side by side, again until a 2xx."""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

from yabot.observability.logging import get_logger
from yabot.playground.bot_api.calls import Calls
from yabot.playground.delivery.answers import Answer, obey
from yabot.playground.delivery.posting import DeliveryFailed, new_session, post
from yabot.playground.faults.injector import FaultInjector
from yabot.playground.store import updates, webhooks
from yabot.playground.store.database import Database
from yabot.playground.store.webhooks import Webhook

log = get_logger(__name__)

# The number under which an update is queued, and the update.
Queued = tuple[int, Any]

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0


class Round:
    """``run`` ends only by being cancelled; ``arrival`` tells it of new updates."""

    def __init__(
        self,
        webhook: Webhook,
        database: Database,
        calls: Calls,
        faults: FaultInjector,
        arrival: asyncio.Event,
    ) -> None:
        self._webhook = webhook
        self._database = database
        self._calls = calls
        self._faults = faults
        self._arrival = arrival

    async def run(self) -> None:
        self._newest = 0
        self._lanes: dict[int, deque[Queued]] = {}
        self._slots = asyncio.Semaphore(self._webhook.max_connections)
        async with new_session(self._webhook) as self._session, asyncio.TaskGroup() as self._tasks:
            while True:
                self._arrival.clear()
                await self._take_in()
                await self._arrival.wait()

    async def _take_in(self) -> None:
        found = await self._news()
        gathering = self._faults.gathering_s() if found else 0.0
        if gathering:
            await asyncio.sleep(gathering)
            found += await self._news()
        for update in found:
            self._queue(update)

    async def _news(self) -> list[Queued]:
        found = await self._database.run(partial(updates.later_than, number=self._newest))
        if found:
            self._newest = found[-1][0]
        return found

    def _queue(self, update: Queued) -> None:
        held_back = self._faults.held_back_s()
        if held_back:
            self._tasks.create_task(self._deliver(update, after=held_back))
            return
        chat = lane_of(update[1])
        if chat in self._lanes:
            self._lanes[chat].append(update)
        else:
            self._lanes[chat] = deque([update])
            self._tasks.create_task(self._serve(chat))

    async def _serve(self, chat: int) -> None:
        lane = self._lanes[chat]
        while lane:
            await self._deliver(lane.popleft())
        del self._lanes[chat]

    async def _deliver(self, queued: Queued, after: float = 0.0) -> None:
        await asyncio.sleep(after)
        (update_id, update), pause = queued, FIRST_PAUSE_S
        while await self._database.run(partial(updates.is_pending, update_id=update_id)):
            try:
                answer = await self._post(update)
            except DeliveryFailed as error:
                log.warning("playground.delivery.failed", update_id=update_id, error=str(error))
                await self._database.run(partial(webhooks.note_error, message=str(error)))
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
            else:
                await obey(answer, self._calls)
                await self._database.run(partial(updates.confirm, update_id=update_id))

    async def _post(self, update: Any) -> Answer:
        async with self._slots:
            once = post(self._session, self._webhook, update)
            if not self._faults.is_duplicated():
                return await once
            twice = post(self._session, self._webhook, update)
            return _first_success(await asyncio.gather(once, twice, return_exceptions=True))


def lane_of(update: Any) -> int:
    """The lane within which updates are delivered one after another, as Telegram does: the chat, or
    the user where there is none. 0 for an update with neither.
    """
    bodies = update.values() if isinstance(update, dict) else ()
    body = next((value for value in bodies if isinstance(value, dict)), {})
    message = body.get("message")
    chat = body.get("chat") or (message.get("chat") if isinstance(message, dict) else None)
    number = _id_in(chat) or _id_in(body.get("from"))
    return number or 0


def _id_in(value: Any) -> int | None:
    number = value.get("id") if isinstance(value, dict) else None
    return number if isinstance(number, int) else None


def _first_success(outcomes: Sequence[Answer | BaseException]) -> Answer:
    for outcome in outcomes:
        if isinstance(outcome, Answer):
            return outcome
    failed = outcomes[0]
    raise failed if isinstance(failed, BaseException) else RuntimeError("no outcome")
