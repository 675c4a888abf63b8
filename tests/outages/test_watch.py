"""The watch over a store: it looks again and again, ever more rarely, and tells what it sees."""

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from itertools import pairwise
from time import monotonic

import pytest
from structlog.testing import capture_logs

from tests.outages.proxy import Proxy, proxying
from tests.outages.servers import EngineServer
from tests.uris import moved_to
from tests.waiting import PATIENCE, until
from yabot.bus.connection import connect, ping_redis
from yabot.errors import SchemaMismatch, StartupError, StoreUnavailable
from yabot.runtime.watch import Gate, StoreWatch


@pytest.fixture
def proxy(mortal_valkey: EngineServer) -> Iterator[Proxy]:
    with proxying(mortal_valkey.connect) as running:
        yield running


@pytest.fixture
def looks() -> list[float]:
    """When the watch has looked."""
    return []


@pytest.fixture
async def watch(
    mortal_valkey: EngineServer, proxy: Proxy, looks: list[float]
) -> AsyncIterator[StoreWatch]:
    """Over a Redis that a proxy can take away; connecting and asking are the same."""
    url = moved_to(mortal_valkey.address("any"), proxy.port)
    async with connect(
        url, password=None, max_pool_size=2, timeout_ms=round(PATIENCE * 1000)
    ) as redis:

        async def ping() -> None:
            looks.append(monotonic())
            await ping_redis(redis)

        # By itself it looks only when the test is over.
        watching = StoreWatch(Gate("Redis"), ping, ping, every=2 * PATIENCE)
        yield watching
        await watching.stop()


@pytest.mark.criterion("2.1.2")
async def test_it_looks_ever_more_rarely_and_never_at_the_same_moments(
    watch: StoreWatch, proxy: Proxy, looks: list[float]
) -> None:
    proxy.refuse()
    await watch.start(PATIENCE)

    async def has_looked_often() -> bool:
        return len(looks) >= 7 and len(proxy.attempts) >= 7

    await until(has_looked_often)
    # Behind the start, which tries it twice.
    pauses = [later - earlier for earlier, later in pairwise(looks[1:7])]
    # Doubled each time, give or take a quarter of both; a slow machine adds to each.
    least = [0.075 * 2**n for n in range(5)]
    assert all(pause >= bound for pause, bound in zip(pauses, least, strict=True))
    assert any(later / earlier != pytest.approx(2, rel=0.01) for earlier, later in pairwise(pauses))


@pytest.mark.criterion("1.1.2", "2.1.2")
async def test_it_tells_once_that_a_store_is_lost_and_once_that_it_is_back(
    watch: StoreWatch, proxy: Proxy
) -> None:
    lost: list[str] = []
    restored: list[float] = []
    watch.on_lost.append(lost.append)
    watch.on_restored.append(restored.append)
    await watch.start(PATIENCE)
    watch.gate.require()
    proxy.refuse()
    with capture_logs() as logs:
        # Whoever meets the failure need not wait for the next look.
        with pytest.raises(StoreUnavailable), watch.gate.passed():
            raise StoreUnavailable("Redis", "it has hung up")
        await until(partial(_told, lost))
    (said,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert (said["event"], said["store"]) == ("store.lost", "Redis")
    with pytest.raises(StoreUnavailable, match="Redis is not available"):
        watch.gate.require()
    seen = len(proxy.attempts)

    async def has_looked_again() -> bool:
        return len(proxy.attempts) > seen + 1

    await until(has_looked_again)
    proxy.mend()
    await until(partial(_told, restored))
    watch.gate.require()
    assert len(lost) == len(restored) == 1
    assert restored[0] > 0


async def _told(heard: Sequence[object]) -> bool:
    return bool(heard)


async def test_a_store_that_answers_and_does_not_fit_stops_the_start() -> None:
    async def refuse() -> None:
        raise SchemaMismatch("MongoDB", ["the collection 'users' lacks an index"])

    watch = StoreWatch(Gate("MongoDB"), refuse, refuse)
    with pytest.raises(StartupError, match="lacks an index"):
        await watch.start(PATIENCE)


async def test_a_store_that_comes_late_and_does_not_fit_stays_lost_with_the_reason() -> None:
    # The start tries it twice.
    failures = [StoreUnavailable("MongoDB", "nobody is there") for _ in range(2)]

    async def connect_later() -> None:
        if failures:
            raise failures.pop()
        raise SchemaMismatch("MongoDB", ["the collection 'users' lacks an index"])

    watch = StoreWatch(Gate("MongoDB"), connect_later, connect_later)
    await watch.start(PATIENCE)

    async def says_why() -> bool:
        return "lacks an index" in str(watch.gate.reason)

    await until(says_why)
    await watch.stop()


async def test_nothing_that_a_store_answers_ends_the_watch() -> None:
    """A driver's error that nobody has foreseen."""
    healthy = [True]

    async def ping() -> None:
        if not healthy[0]:
            raise RuntimeError("malformed")

    gate = Gate("SQLite")
    watch = StoreWatch(gate, ping, ping)
    await watch.start(PATIENCE)
    healthy[0] = False
    gate.suspected.set()

    async def lost() -> bool:
        return "RuntimeError" in (gate.reason or "")

    async def back() -> bool:
        return gate.reason is None

    await until(lost)
    healthy[0] = True
    await until(back)
    await watch.stop()
