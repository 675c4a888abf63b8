"""Connections to Redis over TLS whose certificates and authorities change while the program runs.

redis-py gives each connection a context of its own, which a connection keeps however often it
connects again. Ours share one, which is made again when a file that it was made of has changed;
whoever has connected by an older one connects again before it is used.
"""

import ssl
from typing import Any

from redis.asyncio.connection import RedisSSLContext, SSLConnection
from redis.asyncio.sentinel import SentinelManagedSSLConnection
from redis.exceptions import TimeoutError as RedisTimeoutError

from yabot.bus.demotion import LeavingReplicas
from yabot.runtime.changed_files import ChangedFiles, Reloaded
from yabot.settings.redis_tls import PREFIX, tls_context, tls_files

# What redis-py says of a connection that has not come about in time.
UNCONNECTED = "Timeout connecting"

Options = dict[str, Any]
Trust = Reloaded[ssl.SSLContext]


class _Shown(RedisSSLContext):
    """What a connection takes for its own context; ``last`` is what it has connected by."""

    def __init__(self, trust: Trust) -> None:
        super().__init__()
        self._trust = trust
        self.last: ssl.SSLContext | None = None

    def get(self) -> ssl.SSLContext:
        self.last = self._trust.current()
        return self.last

    @property
    def is_outdated(self) -> bool:
        return self.last is not None and self.last is not self._trust.current()


class TrustingConnection(LeavingReplicas, SSLConnection):
    def __init__(self, *, trust: Trust, **options: Any) -> None:
        super().__init__(**options)
        self._shown = _Shown(trust)
        self.ssl_context = self._shown

    async def connect_check_health(
        self, check_health: bool = True, retry_socket_connect: bool = True
    ) -> None:
        """A Redis that does not speak TLS waits for the end of what it takes for a command."""
        try:
            await super().connect_check_health(check_health, retry_socket_connect)
        except RedisTimeoutError as error:
            if UNCONNECTED not in str(error):
                raise
            raise RedisTimeoutError("SSL handshake failed: no answer") from error

    @property
    def is_outdated(self) -> bool:
        """It has been made by what is not true any more."""
        return self._shown.is_outdated


class TrustingSentinelConnection(SentinelManagedSSLConnection, TrustingConnection):
    """One to the primary that the Sentinels know."""


def with_trust(options: Options) -> Options:
    """A pool's arguments, with one context for all its connections where these ask for TLS.

    Raises OSError, ValueError for files that do not hold what they should.
    """
    if options.get("connection_class") is not SSLConnection:
        return options
    about_tls = {name: value for name, value in options.items() if name.startswith(PREFIX)}
    files = ChangedFiles(tls_files(about_tls).paths)
    trust = Reloaded(lambda: tls_context(about_tls), files, of="REDIS_URL")
    rest = {name: value for name, value in options.items() if name not in about_tls}
    return {**rest, "connection_class": TrustingConnection, "trust": trust}
