"""The connection to Redis: pooled, a short deadline, and no retries of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    ClusterDownError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from yabot.bus.demotion import PlainConnection
from yabot.bus.pool import AskingPool
from yabot.bus.trust import Options, with_trust
from yabot.error_text import kind_of, trouble_of
from yabot.errors import StartupError, StoreUnavailable

REFUSED = (AuthenticationError, AuthorizationError)
MEND = "check REDIS_PASSWORD, and the user in REDIS_URL"
# What each connection tells the server about its client. Without it, redis-py would look up its own
# version on the disk for each connection.
DRIVER = DriverInfo()
MISTYPED = (
    "somebody has put something else where a stream belongs: of the keys yabot:events:{…}, "
    "yabot:inbound and yabot:aside:{yabot:inbound}, delete those that TYPE does not call a stream"
)


def connect(url: str, *, password: str | None, max_pool_size: int, timeout_ms: int) -> Redis:
    """A client of one server; it has not connected yet."""
    return pooled(
        connection_options(
            url, password=password, max_pool_size=max_pool_size, timeout_ms=timeout_ms
        )
    )


def connection_options(
    url: str, *, password: str | None, max_pool_size: int, timeout_ms: int
) -> Options:
    """A pool's arguments, including those from the URL.

    redis-py does not retry: its default retries wrote one event three times. The relay retries.
    """
    seconds = timeout_ms / 1000
    credentials = {} if password is None else {"password": password}
    return with_trust(
        {
            **credentials,
            "max_connections": max_pool_size,
            # Work beyond the pool's size waits for a connection as long as it would for an answer.
            "timeout": seconds,
            "socket_timeout": seconds,
            "socket_connect_timeout": seconds,
            "retry": Retry(NoBackoff(), 0),
            "decode_responses": True,
            # Anybody may have written anything: bytes that are no text must not raise.
            "encoding_errors": "backslashreplace",
            "connection_class": PlainConnection,
            "driver_info": DRIVER,
            **parse_url(url),
        }
    )


def pooled(options: Options) -> Redis:
    """A client with a pool of its own."""
    return Redis.from_pool(AskingPool(**options))


async def command(redis: Redis, *parts: Any, **options: Any) -> Any:
    """Run any command: redis-py's own method for that has no types."""
    return await redis.execute_command(*parts, **options)  # type: ignore[no-untyped-call]


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn every error of Redis into StoreUnavailable: all of them may pass once it is mended."""
    try:
        yield
    except REFUSED as error:
        raise StoreUnavailable("Redis", f"it refuses us: {kind_of(error)}; {MEND}") from error
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise StoreUnavailable("Redis", kind_of(error)) from error
    except ClusterDownError as error:
        raise StoreUnavailable("Redis", "the Cluster is down") from error
    except ReadOnlyError as error:
        raise StoreUnavailable("Redis", "REDIS_URL leads to a replica") from error
    except AskError as error:
        raise StoreUnavailable(
            "Redis", "REDIS_URL names a node of a Cluster; set REDIS_CLUSTER=true"
        ) from error
    except RedisError as error:
        raise StoreUnavailable("Redis", trouble_of(error) or _refusal(kind_of(error))) from error


def _refusal(told: str) -> str:
    return MISTYPED if "WRONGTYPE" in told else f"it answers with an error: {told}"


@contextmanager
def refusals() -> Iterator[None]:
    """Used within ``store_errors`` at a start. Raises StartupError when Redis refuses us."""
    try:
        yield
    except REFUSED as error:
        raise StartupError(f"Redis refuses the connection ({kind_of(error)}); {MEND}") from error


async def ping_redis(redis: Redis) -> None:
    """Raises StoreUnavailable, StartupError when Redis refuses us."""
    with store_errors(), refusals():
        try:
            await redis.ping()
        except RedisConnectionError:
            # The connection broke during the ping; a new one tells whether Redis answers.
            await redis.ping()
