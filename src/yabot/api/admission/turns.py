"""Decides whose request is handled next: few at once, services in turn, readers before all.

The readers' bot runs in the same event loop, and an update waits there several times, each time for
what the running requests do in between. So only a few requests are handled side by side, however
many there are, and while updates are under way a request begins only now and then.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

from yabot.api.answering import problems
from yabot.observability.metrics import API_RESTS

# Requests handled side by side.
AT_ONCE = 8
# Requests of one service among them, so that slow ones leave turns to other services.
OF_ONE = 6
# Seconds from one request to the next, while updates of readers are under way.
REST = 0.002
# Requests that may wait for their turn, of one service and of all.
MOST_OF_ONE = 256
MOST = 384
# Stands for all refused requests, which take turns as well: a refusal costs time, too. The listener
# bounds how many of them wait; they do not count as waiting requests of services.
REFUSED = ""


class Turns:
    def __init__(self, readers_wait: Callable[[], bool], rest: float = REST) -> None:
        """``readers_wait`` tells whether updates of readers are under way."""
        self._readers_wait = readers_wait
        self._rest = rest
        self._is_resting = False
        self._handled: Counter[str] = Counter()
        self._side_by_side = 0
        # Waiting requests by service; the service whose turn was longest ago stands first.
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._all_waiting = 0

    async def take(self, service: str) -> None:
        """Wait for a turn, to be given back. Raises Refused when too many wait already."""
        if service != REFUSED and self._are_too_many(service):
            raise problems.TOO_BUSY.refuse(Retry_After="1")
        if service not in self._waiting and self._may_go(service):
            self._go(service)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(service, deque()).append(turn)
        self._all_waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            self._give_up(service, turn)
            raise

    def give_back(self, service: str) -> None:
        self._side_by_side -= 1
        self._handled[service] -= 1
        if not self._handled[service]:
            del self._handled[service]
        self._let_go()

    def _are_too_many(self, service: str) -> bool:
        of_services = self._all_waiting - self._length(REFUSED)
        return of_services >= MOST or self._length(service) >= MOST_OF_ONE

    def _length(self, service: str) -> int:
        return len(self._waiting.get(service, ()))

    def _may_go(self, service: str) -> bool:
        has_room = self._side_by_side < AT_ONCE and self._handled[service] < OF_ONE
        return has_room and not self._is_resting

    def _go(self, service: str) -> None:
        self._side_by_side += 1
        self._handled[service] += 1
        if self._readers_wait():
            self._is_resting = True
            API_RESTS.inc()
            asyncio.get_running_loop().call_later(self._rest, self._go_on)

    def _go_on(self) -> None:
        self._is_resting = False
        self._let_go()

    def _let_go(self) -> None:
        """Begin what may begin. Each end of a request or rest calls it, so nobody is forgotten."""
        while (service := next(filter(self._may_go, self._waiting), None)) is not None:
            queue = self._waiting.pop(service)
            turn = queue.popleft()
            if queue:
                self._waiting[service] = queue
            self._all_waiting -= 1
            # A request that was cancelled is about to call ``_give_up``.
            if not turn.done():
                self._go(service)
                turn.set_result(None)

    def _give_up(self, service: str, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():
            self.give_back(service)
            return
        queue = self._waiting.get(service)
        if queue is not None and turn in queue:
            queue.remove(turn)
            self._all_waiting -= 1
            if not queue:
                del self._waiting[service]
