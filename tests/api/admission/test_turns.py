"""Whose request is handled next."""

import asyncio
from collections.abc import Callable

import pytest

from tests.waiting import PATIENCE
from yabot.api.admission import turns as bounds
from yabot.api.admission.turns import REFUSED, Turns
from yabot.api.answering.problems import Refused


class Requests:
    """Those that have their turn, in the order in which they got it."""

    def __init__(
        self, readers_wait: Callable[[], bool] = lambda: False, rest: float = bounds.REST
    ) -> None:
        self.turns = Turns(readers_wait, rest)
        self.handled: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, service: str, times: int = 1) -> None:
        for _ in range(times):
            self.tasks.append(asyncio.create_task(self._take(service)))
        await settle()

    async def end(self, service: str, times: int = 1) -> None:
        for _ in range(times):
            self.turns.give_back(service)
        await settle()

    async def _take(self, service: str) -> None:
        await self.turns.take(service)
        self.handled.append(service)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def requests() -> Requests:
    return Requests()


async def test_some_go_at_once_and_the_next_when_one_has_ended(requests: Requests) -> None:
    await requests.come("a", 4)
    await requests.come("b", 4)
    await requests.come("c", 2)
    assert requests.handled == ["a"] * 4 + ["b"] * 4
    await requests.end("a")
    assert requests.handled[8:] == ["c"]
    await requests.end("b")
    assert requests.handled[8:] == ["c", "c"]


async def test_one_service_leaves_turns_to_the_others(requests: Requests) -> None:
    await requests.come("greedy", bounds.AT_ONCE)
    assert len(requests.handled) == bounds.OF_ONE
    await requests.come("modest")
    assert requests.handled[-1] == "modest"


async def test_services_have_their_turns_one_after_the_other(requests: Requests) -> None:
    await requests.come("first", bounds.OF_ONE)
    await requests.come("other", bounds.AT_ONCE - bounds.OF_ONE)
    await requests.come("greedy", 4)
    await requests.come("modest", 2)
    await requests.end("first", 5)
    assert requests.handled[bounds.AT_ONCE :] == ["greedy", "modest", "greedy", "modest", "greedy"]


async def test_beside_readers_one_begins_only_after_a_rest() -> None:
    requests = Requests(lambda: True, rest=3600)
    await requests.come("a", 2)
    await requests.come("b")
    await requests.end("a")
    assert requests.handled == ["a"]


async def test_after_the_rest_the_next_begins_and_without_readers_all_do() -> None:
    waiting = True
    requests = Requests(lambda: waiting, rest=0.001)
    await requests.come("a", 4)
    await requests.come("b", 4)
    await asyncio.wait_for(requests.tasks[1], PATIENCE)
    waiting = False
    await asyncio.wait_for(asyncio.gather(*requests.tasks), PATIENCE)
    await requests.end("a", 4)
    await requests.come("a", 4)
    assert len(requests.handled) == 12


async def test_too_many_that_wait_are_refused_and_the_others_still_come_in(
    requests: Requests,
) -> None:
    await requests.come("greedy", bounds.OF_ONE + bounds.MOST_OF_ONE)
    with pytest.raises(Refused) as refusal:
        await requests.turns.take("greedy")
    assert (refusal.value.kind.status, refusal.value.code) == (503, "too_busy")
    assert refusal.value.headers["Retry-After"] == "1"
    await requests.come("modest")
    assert requests.handled[-1] == "modest"


async def test_all_together_are_bounded_but_for_refusals(requests: Requests) -> None:
    for service in ("a", "b", "c"):
        await requests.come(service, 200)
    outcomes = [task for task in requests.tasks if task.done() and task.exception()]
    assert len(outcomes) == 600 - bounds.AT_ONCE - bounds.MOST
    await requests.come(REFUSED)
    assert requests.handled[-1] != REFUSED
    await requests.end("a")
    await requests.end("a", 4)
    assert REFUSED in requests.handled


async def test_strangers_who_wait_to_be_refused_fill_no_room_of_services(
    requests: Requests,
) -> None:
    await requests.come("a", bounds.OF_ONE)
    await requests.come("b", bounds.AT_ONCE - bounds.OF_ONE)
    await requests.come(REFUSED, bounds.MOST + 1)
    await requests.come("orders")
    await requests.end("b")
    await requests.end("a")
    assert "orders" in requests.handled


async def test_who_goes_away_while_waiting_keeps_nobody_waiting(requests: Requests) -> None:
    await requests.come("a", bounds.OF_ONE)
    await requests.come("b", bounds.AT_ONCE - bounds.OF_ONE)
    await requests.come("gone")
    gone = requests.tasks[-1]
    await requests.come("c")
    gone.cancel()
    await settle()
    await requests.end("a")
    assert requests.handled[-1] == "c"
    assert "gone" not in requests.handled


async def test_who_goes_away_as_their_turn_comes_hands_it_on(requests: Requests) -> None:
    await requests.come("a", bounds.OF_ONE)
    await requests.come("b", bounds.AT_ONCE - bounds.OF_ONE)
    await requests.come("gone")
    gone = requests.tasks[-1]
    await requests.come("c")
    requests.turns.give_back("a")
    gone.cancel()
    await settle()
    assert requests.handled[-1] == "c"
