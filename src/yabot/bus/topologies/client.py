"""Opens the Redis of the settings: one server, the primary that Sentinels name, or a Cluster."""

from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis

from yabot.bus.connection import command, connection_options, pooled, refusals, store_errors
from yabot.bus.topologies.cluster import ClusterClient
from yabot.bus.topologies.sentinel import PrimaryPool, Sentinels, connect_to_primary
from yabot.bus.trust import Options
from yabot.errors import StartupError
from yabot.settings.redis import RedisSettings

# What to say when the server is of another kind than the settings say.
MISTAKEN = {
    "cluster": "REDIS_URL names a node of a Cluster; set REDIS_CLUSTER=true",
    "sentinel": "REDIS_URL names a Sentinel; name it in REDIS_SENTINELS instead, and set "
    "REDIS_SENTINEL_MASTER",
}


def open_client(given: RedisSettings, url: str | None = None) -> Redis:
    """A client that has not connected yet; the caller has to close it.

    ``url`` is that of an embedded server, which the settings do not know.
    """
    options = connection_options(
        url or (given.url.get_secret_value() if given.url else "redis://"),
        password=_plain(given.password),
        max_pool_size=given.max_pool_size,
        timeout_ms=given.timeout_ms,
    )
    if given.cluster:
        return ClusterClient(options)
    if given.sentinels:
        return _open_primary(given, options)
    return pooled(options)


async def describe(redis: Redis) -> str:
    """What the client has reached, in a few words. Raises StoreUnavailable, StartupError."""
    with store_errors(), refusals():
        if isinstance(redis, ClusterClient):
            layout = await redis.layout()
            await redis.ping()
            replicas = len(layout.nodes) - len(layout.primaries)
            return f"a Cluster of {len(layout.primaries)} primaries and {replicas} replicas"
        await redis.ping()
        if isinstance(redis.connection_pool, PrimaryPool):
            return await _primary(redis.connection_pool.sentinel_manager)
        return await _single(redis)


async def _primary(sentinels: Sentinels) -> str:
    found = await sentinels.primary()
    known = f"known to {found.known_to} of {sentinels.count} Sentinels"
    return f"the primary {found.host}:{found.port}, {known}"


async def _single(redis: Redis) -> str:
    about: Any = await command(redis, "HELLO")
    if not isinstance(about, dict):
        about = dict(zip(about[::2], about[1::2], strict=True))
    if about["mode"] in MISTAKEN:
        raise StartupError(MISTAKEN[about["mode"]])
    return "a single server"


def _open_primary(given: RedisSettings, options: Options) -> Redis:
    assert given.sentinel_master is not None, "the settings refuse to be without it"
    sentinels = Sentinels(
        given.sentinels, given.sentinel_master, options, _plain(given.sentinel_password)
    )
    return connect_to_primary(sentinels, given.sentinel_master, options)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
