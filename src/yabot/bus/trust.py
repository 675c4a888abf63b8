"""Connections to Redis over TLS whose certificates and authorities change while the program runs.

redis-py gives each connection a TLS context of its own, which it keeps whenever it reconnects. Our
connections share one context, which is made anew when one of its files has changed; a connection
made with an older context reconnects before it is used.
"""

import ssl
from typing import Any

from redis.asyncio.connection import RedisSSLContext, SSLConnection
from redis.asyncio.sentinel import SentinelManagedSSLConnection
from redis.exceptions import TimeoutError as RedisTimeoutError

from yabot.bus.demotion import LeavingReplicas
from yabot.runtime.changed_files import ChangedFiles, Reloaded
from yabot.settings.redis_tls import PREFIX, tls_context, tls_files

# What redis-py says when connecting took too long.
UNCONNECTED = "Timeout connecting"

Options = dict[str, Any]
Trust = Reloaded[ssl.SSLContext]


class _Shown(RedisSSLContext):
    """Stands in for a connection's own context; ``last`` is the one it has connected with."""

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
        """A time-out here is told as a failed handshake: a Redis without TLS never answers, waiting
        for the end of what it takes for a command.
        """
        try:
            await super().connect_check_health(check_health, retry_socket_connect)
        except RedisTimeoutError as error:
            if UNCONNECTED not in str(error):
                raise
            raise RedisTimeoutError("SSL handshake failed: no answer") from error

    @property
    def is_outdated(self) -> bool:
        """Whether it was made with files that have changed since."""
        return self._shown.is_outdated


class TrustingSentinelConnection(SentinelManagedSSLConnection, TrustingConnection):
    """A connection to the primary that the Sentinels name."""


def with_trust(options: Options) -> Options:
    """A pool's arguments; if they ask for TLS, with one context for all its connections.

    Raises OSError, ValueError for files that do not hold what they should.
    """
    if options.get("connection_class") is not SSLConnection:
        return options
    about_tls = {name: value for name, value in options.items() if name.startswith(PREFIX)}
    files = ChangedFiles(tls_files(about_tls).paths)
    trust = Reloaded(lambda: tls_context(about_tls), files, of="REDIS_URL")
    rest = {name: value for name, value in options.items() if name not in about_tls}
    return {**rest, "connection_class": TrustingConnection, "trust": trust}
