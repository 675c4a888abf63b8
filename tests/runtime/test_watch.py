"""A store's gate is shut while it is away, and its watch notices both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.waiting import PATIENCE, until
from yabot.errors import StartupError, StoreUnavailable
from yabot.runtime import watch as watch_module
from yabot.runtime.watch import Gate, StoreWatch


@dataclass
class Store:
    """Answers, or not; counts the connections that were made."""

    gate: Gate = field(default_factory=lambda: Gate("Redis"))
    reason: str | None = None
    connections: int = 0
    looks: int = 0

    async def connect(self) -> None:
        await self.ping()
        self.connections += 1

    async def ping(self) -> None:
        self.looks += 1
        if self.reason is not None:
            raise StoreUnavailable("Redis", self.reason)

    async def use(self) -> None:
        with self.gate.passed():
            await self.ping()


class Heard(list[str]):
    """What the watch told its listeners."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = asyncio.Event()

    def lost(self, reason: str) -> None:
        self._add(f"lost: {reason}")

    def restored(self, downtime: float) -> None:
        self._add("restored" if downtime > 0 else "restored before it was lost")

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self) < count:
                self._changed.clear()
                await self._changed.wait()

    def _add(self, what: str) -> None:
        self.append(what)
        self._changed.set()


async def connect() -> None:
    """Nothing is to be prepared."""


@asynccontextmanager
async def watched(store: Store, heard: Heard) -> AsyncIterator[StoreWatch]:
    watch = StoreWatch(store.gate, store.connect, store.ping)
    watch.on_lost.append(heard.lost)
    watch.on_restored.append(heard.restored)
    await watch.start(PATIENCE)
    yield watch
    await watch.stop()


async def test_a_failing_call_makes_the_watch_look_and_shuts_the_gate() -> None:
    store, heard = Store(), Heard()
    async with watched(store, heard):
        store.reason = "it is away"
        with pytest.raises(StoreUnavailable):
            await store.use()
        await heard.until(1)
        assert heard == ["lost: it is away"]
        store.reason = None
        with pytest.raises(StoreUnavailable, match="it is away"):
            store.gate.require()
        await heard.until(2)
        assert heard == ["lost: it is away", "restored"]
        await store.use()


async def test_a_start_takes_one_failure_for_none() -> None:
    store, heard = Store(reason="a hiccup"), Heard()

    async def hiccup() -> None:
        try:
            await store.connect()
        finally:
            store.reason = None

    watch = StoreWatch(store.gate, hiccup, store.ping)
    watch.on_lost.append(heard.lost)
    await watch.start(PATIENCE)
    assert (store.gate.reason, store.connections, heard) == (None, 1, [])
    await watch.stop()


async def test_a_look_takes_one_failure_for_none() -> None:
    gate, lost, looks = Gate("Redis"), Heard(), 0

    async def fail_each_other_time() -> None:
        nonlocal looks
        looks += 1
        if looks % 2:
            raise StoreUnavailable("Redis", "a hiccup")

    async def has_looked_often() -> bool:
        return looks >= 6

    watch = StoreWatch(gate, connect, fail_each_other_time, every=0.01)
    watch.on_lost.append(lost.lost)
    await watch.start(PATIENCE)
    await until(has_looked_often)
    assert lost == []
    await watch.stop()


async def test_a_start_goes_on_without_the_store_and_connects_once_it_is_there() -> None:
    store, heard = Store(reason="not yet"), Heard()
    async with watched(store, heard):
        assert heard == ["lost: not yet"]
        assert store.connections == 0
        store.reason = None
        await heard.until(2)
    assert store.connections == 1


async def test_a_store_that_does_not_answer_in_time_counts_as_away() -> None:
    gate = Gate("Redis")

    async def never() -> None:
        await asyncio.Event().wait()

    watch = StoreWatch(gate, never, never)
    await watch.start(0.05)
    assert gate.reason == "no answer within 0.05 s"
    await watch.stop()


@pytest.mark.parametrize("others_are_answered", [True, False])
async def test_a_look_in_vain_means_a_busy_store_when_others_are_answered(
    monkeypatch: pytest.MonkeyPatch, others_are_answered: bool
) -> None:
    monkeypatch.setattr(watch_module, "PING_SECONDS", 0.05)
    gate, heard, looks = Gate("Redis"), Heard(), 0

    async def wait_in_vain() -> None:
        nonlocal looks
        looks += 1
        gate.answers += others_are_answered
        await asyncio.Event().wait()

    async def has_looked_often() -> bool:
        return looks == 3

    watch = StoreWatch(gate, connect, wait_in_vain, every=0.01)
    watch.on_lost.append(heard.lost)
    await watch.start(PATIENCE)
    await until(has_looked_often)
    assert heard == ([] if others_are_answered else ["lost: no answer within 0.05 s"])
    await watch.stop()


async def test_a_store_that_refuses_prevents_the_start() -> None:
    async def refuse() -> None:
        raise StartupError("Redis refuses us")

    watch = StoreWatch(Gate("Redis"), refuse, refuse)
    with pytest.raises(StartupError, match="refuses us"):
        await watch.start(PATIENCE)
    await watch.stop()


async def test_a_store_that_has_come_back_is_verified_before_it_counts_as_restored() -> None:
    store, heard = Store(), Heard()
    differs, reasons = True, Heard()

    async def verify() -> None:
        if differs:
            raise StartupError("it is another one")

    watch = StoreWatch(store.gate, store.connect, store.ping, verify)
    watch.on_lost.append(heard.lost)
    watch.on_changed.append(reasons.lost)
    watch.on_restored.append(heard.restored)
    await watch.start(PATIENCE)
    store.reason = "it is away"
    with pytest.raises(StoreUnavailable):
        await store.use()
    await heard.until(1)
    store.reason = None
    await reasons.until(1)
    assert reasons == ["lost: it is another one"]
    assert heard == ["lost: it is away"]
    differs = False
    await heard.until(2)
    assert heard == ["lost: it is away", "restored"]
    await watch.stop()


async def test_a_verification_that_does_not_end_is_begun_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind the connection over which it asks, nothing may ever answer."""
    monkeypatch.setattr(watch_module, "VERIFY_SECONDS", 0.05)
    store, heard, hangs = Store(), Heard(), True

    async def verify() -> None:
        if hangs:
            await asyncio.Event().wait()

    watch = StoreWatch(store.gate, store.connect, store.ping, verify)
    watch.on_restored.append(heard.restored)
    await watch.start(PATIENCE)
    store.reason = "it is away"
    store.gate.suspected.set()

    async def is_given_up() -> bool:
        return store.gate.reason == "no answer within 0.05 s"

    await until(lambda: is_lost(store))
    store.reason = None
    await until(is_given_up)
    hangs = False
    await heard.until(1)
    await watch.stop()


async def test_a_listener_that_fails_does_not_end_the_watch() -> None:
    store, heard = Store(), Heard()

    def fail(_reason: str) -> None:
        raise RuntimeError("a mistake of ours")

    async with watched(store, heard) as watch:
        watch.on_lost.append(fail)
        store.reason = "it is away"
        store.gate.suspected.set()
        await until(lambda: is_lost(store))
        store.reason = None
        await heard.until(2)
        assert heard == ["lost: it is away", "restored"]


async def is_lost(store: Store) -> bool:
    return store.gate.reason is not None


async def test_a_lone_failure_of_a_store_that_is_there_shuts_nothing() -> None:
    store, heard = Store(), Heard()
    async with watched(store, heard):
        with pytest.raises(StoreUnavailable), store.gate.passed():
            raise StoreUnavailable("Redis", "a hiccup")
        before = store.looks

        async def has_looked() -> bool:
            return store.looks > before

        await until(has_looked)
        assert heard == []
        store.gate.require()


async def test_whoever_doubts_a_failure_hears_what_the_next_look_finds() -> None:
    store, heard = Store(), Heard()
    assert not await store.gate.still_answers(), "nobody watches it"
    async with watched(store, heard):
        before = store.looks
        assert await store.gate.still_answers()
        assert store.looks > before
        store.reason = "it is away"
        assert not await store.gate.still_answers()
        before = store.looks
        assert not await store.gate.still_answers(), "it is known to be away"
        assert store.looks == before
    assert not await store.gate.still_answers()


async def test_who_doubts_a_failure_is_answered_when_the_watch_ends() -> None:
    gate, asked = Gate("Redis"), asyncio.Event()

    async def wait_in_vain() -> None:
        asked.set()
        await asyncio.Event().wait()

    watch = StoreWatch(gate, connect, wait_in_vain)
    await watch.start(PATIENCE)
    doubting = asyncio.create_task(gate.still_answers())
    await asked.wait()
    await watch.stop()
    async with asyncio.timeout(PATIENCE):
        assert not await doubting


async def test_a_look_does_not_wait_for_itself() -> None:
    gate, heard = Gate("Redis"), list[bool]()

    async def look() -> None:
        heard.append(await gate.still_answers())

    async def has_looked() -> bool:
        return bool(heard)

    watch = StoreWatch(gate, connect, look, every=0.01)
    await watch.start(PATIENCE)
    await until(has_looked)
    assert heard[0] is False
    await watch.stop()
