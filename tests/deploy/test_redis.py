"""Valkey with compose.yaml's arguments and users, reached through TLS by the bot's own URL."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.deploy.compose_file import environment
from tests.deploy.servers import redis
from tests.storage.fixtures import PATIENCE_MS
from yabot.bus.connection import connect
from yabot.bus.streams import Streams
from yabot.events.partition import Entry

pytestmark = [pytest.mark.criterion("sec.1", "sec.2")]


@pytest.fixture(scope="module")
def places(
    services: dict[str, Any], tls: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    with redis(services, tls, tmp_path_factory.mktemp("redis")) as port:
        yield {"redis:6379": f"localhost:{port}", "/tls/": f"{tls}/yabot/"}


@pytest.fixture
def url(services: dict[str, Any], places: dict[str, str]) -> str:
    return environment(services["yabot"], places)["REDIS_URL"]


def client(url: str, password: str | None) -> Redis:
    return connect(url, password=password, max_pool_size=2, timeout_ms=PATIENCE_MS)


async def test_the_bot_publishes(url: str, secrets: dict[str, str]) -> None:
    async with client(url, secrets["REDIS_PASSWORD"]) as bot:
        await bot.ping()
        entry = Entry(partition=7, pos=1, event_type="probe", envelope="{}")
        assert await Streams(bot).append(7, 0, [entry]) == (1, True)
        assert await bot.xlen("yabot:events:{7}") == 1


@pytest.mark.parametrize(
    "command",
    [
        *("CONFIG GET dir", "SHUTDOWN", "ACL LIST", "REPLICAOF 127.0.0.1 1", "CLIENT LIST"),
        *("FLUSHALL", "KEYS *", "GET yabot:secret", "SET yabot:a b", "XLEN another:stream"),
        *("DEL yabot:inbound", "XTRIM yabot:inbound MAXLEN 0", "SCRIPT FLUSH", "EVAL 1 0"),
    ],
)
async def test_nobody_administers_it_over_the_network(
    url: str, secrets: dict[str, str], command: str
) -> None:
    async with client(url, secrets["REDIS_PASSWORD"]) as bot:
        with pytest.raises(NoPermissionError):
            await bot.execute_command(*command.split())  # type: ignore[no-untyped-call]


async def test_another_service_writes_its_events(url: str, secrets: dict[str, str]) -> None:
    async with client(as_producer(url), secrets["REDIS_PRODUCER_PASSWORD"]) as service:
        assert await service.ping()
        written = await service.xadd("yabot:inbound", {"event": "{}"})
    async with client(url, secrets["REDIS_PASSWORD"]) as bot:
        assert await bot.xdel("yabot:inbound", written) == 1


@pytest.mark.parametrize(
    "command",
    [
        *("XADD yabot:events:{7} * event {}", "XADD yabot:aside:{yabot:inbound} * event {}"),
        *("XRANGE yabot:inbound - +", "XREAD STREAMS yabot:inbound 0", "XDEL yabot:inbound 1-1"),
        *("XLEN yabot:inbound", "PUBLISH reaction_detected {}", "SUBSCRIBE reaction_detected"),
        *("KEYS *", "CONFIG GET dir", "ACL WHOAMI"),
    ],
)
async def test_another_service_does_nothing_else(
    url: str, secrets: dict[str, str], command: str
) -> None:
    async with client(as_producer(url), secrets["REDIS_PRODUCER_PASSWORD"]) as service:
        with pytest.raises(NoPermissionError):
            await service.execute_command(*command.split())  # type: ignore[no-untyped-call]


def as_producer(url: str) -> str:
    return url.replace("//", "//producer@")


@pytest.mark.parametrize("password", [None, "wrong"])
async def test_nobody_is_let_in_without_the_password(url: str, password: str | None) -> None:
    async with client(url, password) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.ping()


async def test_another_authoritys_server_is_not_believed(
    url: str, secrets: dict[str, str], tls: Path
) -> None:
    doubtful = url.replace(f"{tls}/yabot/ca.pem", f"{tls}/mongodb/server.crt")
    async with client(doubtful, secrets["REDIS_PASSWORD"]) as bot:
        with pytest.raises(RedisConnectionError, match="certificate verify failed"):
            await bot.ping()


def test_it_listens_with_tls_only(services: dict[str, Any]) -> None:
    command = services["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--port"] == "0"
    assert options["--tls-port"] == "6379"
    assert {options[f"--tls-{name}-file"] for name in ("cert", "key", "ca-cert")} == {
        "/tls/server.crt",
        "/tls/server.key",
        "/tls/ca.pem",
    }
