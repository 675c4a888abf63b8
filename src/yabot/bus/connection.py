"""The connection to Redis: pooled, a short deadline, and no retries of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from yabot.errors import StartupError, StoreUnavailable

REFUSED = (AuthenticationError, AuthorizationError)


def connect(url: str, *, password: str | None, max_pool_size: int, timeout_ms: int) -> Redis:
    """redis-py's default retries wrote one event three times: a retry here is the relay's."""
    seconds = timeout_ms / 1000
    credentials: dict[str, Any] = {} if password is None else {"password": password}
    # Work beyond the pool's size waits for its turn, as long as it would wait for an answer.
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=max_pool_size,
        timeout=seconds,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        **credentials,
    )
    return Redis.from_pool(pool)


@contextmanager
def store_errors() -> Iterator[None]:
    """Tells a Redis that does not answer from one that refuses us."""
    try:
        yield
    except REFUSED as error:
        raise StartupError(
            f"Redis refuses the connection of REDIS_URL: {error}; check REDIS_PASSWORD"
        ) from error
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise StoreUnavailable("Redis", str(error) or type(error).__name__) from error
    except RedisError as error:
        raise StoreUnavailable("Redis", f"it answers with an error: {error}") from error


async def ping_redis(redis: Redis) -> None:
    """Raises StoreUnavailable, StartupError when Redis refuses us."""
    with store_errors():
        await redis.ping()
