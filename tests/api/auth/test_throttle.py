"""Whoever keeps asking without a valid token waits, and is noticed; nobody else does."""

import asyncio

import pytest
from redis.asyncio import Redis

from tests.api.auth.conftest import BY_TLS, CLIENT, House, request_from, shown
from tests.api.auth.forging import Forge
from tests.waiting import PATIENCE, until
from yabot.api.answering.problems import Refused
from yabot.api.auth.authenticator import Authenticator
from yabot.api.auth.peers import peers_of
from yabot.api.auth.throttle import MOST_TOLD, Throttle
from yabot.api.counters import Counters
from yabot.events.access import AuthAbuseDetected
from yabot.events.envelope import EventPayload
from yabot.runtime.watch import Gate

MOST = 3


class Process:
    """Its own counts, beside those that it shares; ``told`` are its events with their ids."""

    def __init__(self, house: House, redis: Redis, gate: Gate, window: float = 600) -> None:
        self.told: list[tuple[EventPayload, str]] = []
        throttle = Throttle(
            Counters(redis, gate, patience=PATIENCE), self._tell, window=window, most=MOST
        )
        self._door = Authenticator(house.knowledge, house.used, throttle.judge)

    def _tell(self, event: EventPayload, of: str) -> None:
        self.told.append((event, of))

    async def code(self, token: str = "junk", client: str = CLIENT, certificate: str = "") -> str:
        return (await self.refused(token, client, certificate)).code

    async def refused(
        self, token: str = "junk", client: str = CLIENT, certificate: str = ""
    ) -> Refused:
        peer = shown(certificate.encode()) if certificate else BY_TLS
        with pytest.raises(Refused) as refused:
            await self._door(request_from(client, f"Bearer {token}", peer=peer))
        return refused.value

    async def lets_in(self, token: str, client: str = CLIENT) -> str:
        return (await self._door(request_from(client, f"Bearer {token}"))).service


@pytest.fixture
def gate() -> Gate:
    return Gate("Redis")


@pytest.fixture
def alone(house: House, redis: Redis) -> Process:
    """A process that Redis does not answer."""
    shut = Gate("Redis")
    shut.reason = "gone"
    return Process(house, redis, shut)


@pytest.fixture(params=["with redis", "without redis"])
def process(
    house: House, redis: Redis, gate: Gate, alone: Process, request: pytest.FixtureRequest
) -> Process:
    return alone if request.param == "without redis" else Process(house, redis, gate)


async def test_who_fails_too_often_is_told_to_wait_and_what_is_wrong(process: Process) -> None:
    told = [await process.code() for _ in range(MOST)]
    assert told == ["token_malformed"] * MOST
    refused = await process.refused()
    assert (refused.kind.status, refused.code) == (429, "too_many_failures")
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert "cannot be read" in refused.detail


async def test_a_valid_token_is_never_refused_for_others_sake(
    process: Process, orders: Forge
) -> None:
    for _ in range(3 * MOST):
        await process.code()
    assert await process.code() == "too_many_failures"
    # Neither one that was let in before nor one that is new.
    token = orders.token()
    assert [await process.lets_in(token), await process.lets_in(token)] == ["orders", "orders"]
    assert await process.lets_in(orders.token()) == "orders"


async def test_who_claims_to_be_somebody_does_not_count_against_them(
    process: Process, orders: Forge
) -> None:
    forged = Forge(orders.service, orders.kid)
    for _ in range(2 * MOST):
        await process.code(forged.token(), client="198.51.100.9")
    assert await process.code("junk") == "token_malformed"


async def test_each_address_and_each_certificate_counts_for_itself(process: Process) -> None:
    for n in range(MOST + 1):
        # Another address each time, with one certificate.
        await process.code(client=f"198.51.100.{n}", certificate="c0ffee")
    assert await process.code(client="203.0.113.1", certificate="c0ffee") == "too_many_failures"
    assert await process.code(client="203.0.113.1", certificate="bea7") == "token_malformed"
    assert await process.code(client="198.51.100.1") == "token_malformed"


async def test_the_wait_ends(house: House, redis: Redis, gate: Gate) -> None:
    process = Process(house, redis, gate, window=0.2)

    async def is_to_wait() -> bool:
        return await process.code() == "too_many_failures"

    async def is_counted_anew() -> bool:
        return await process.code() == "token_malformed"

    await until(is_to_wait)
    await until(is_counted_anew)


async def test_processes_count_together(house: House, redis: Redis, gate: Gate) -> None:
    one, other = (Process(house, redis, gate) for _ in range(2))
    for _ in range(MOST):
        await one.code()
    assert await other.code() == "too_many_failures"
    assert await one.code() == "too_many_failures"


async def test_who_is_held_off_is_told_of_once_and_the_same_by_all(
    house: House, redis: Redis, gate: Gate, alone: Process
) -> None:
    processes = [Process(house, redis, gate), Process(house, redis, gate)]
    for process in processes:
        for _ in range(2 * MOST):
            await process.code()
    told = [each for process in processes for each in process.told]
    assert [event for event, _ in told] == [
        AuthAbuseDetected(peer=CLIENT, failures=MOST + 1),
        AuthAbuseDetected(peer=CLIENT, failures=MOST + 2),
    ]
    # One event comes of both: their cause is the same.
    assert len({of for _, of in told}) == 1


async def test_many_at_once_are_told_of_once(process: Process) -> None:
    await asyncio.gather(*(process.code() for _ in range(5 * MOST)))
    assert len(process.told) == 1


async def test_what_is_told_is_bounded_however_many_they_are(alone: Process) -> None:
    for n in range(MOST_TOLD + 10):
        for _ in range(MOST + 1):
            await alone.code(client=f"10.0.{n // 250}.{n % 250}")
    assert len(alone.told) == MOST_TOLD


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "an unknown address"),
        ("x" * 10_000, "an unknown address"),
        ("", "an unknown address"),
    ],
)
def test_who_may_have_many_addresses_counts_once(host: str, peer: str) -> None:
    assert peers_of(request_from(host)) == [peer]


def test_without_an_address_it_is_an_unknown_one() -> None:
    assert peers_of({"client": None, "headers": []}) == ["an unknown address"]
