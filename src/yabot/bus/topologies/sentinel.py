"""Connects to the primary that the Sentinels name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import SentinelConnectionPool, SentinelManagedConnection
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from yabot.bus.connection import REFUSED, command, pooled
from yabot.bus.pool import AskingPool
from yabot.bus.topologies.asking import ask_all
from yabot.bus.trust import Options, TrustingConnection, TrustingSentinelConnection
from yabot.error_text import kind_of
from yabot.errors import StartupError, StoreUnavailable

UNKNOWN = "No such master"


@dataclass(frozen=True, slots=True)
class Primary:
    """Where most of the Sentinels say that the primary is."""

    host: str
    port: int
    # Counts failovers: if two Sentinels disagree, the one with the higher epoch is right.
    epoch: int
    # How many Sentinels have answered.
    known_to: int


class Sentinels:
    """The servers of REDIS_SENTINELS; ``options`` say how to connect to them and to Redis' nodes.

    Without a ``password`` of their own, Sentinels that ask for one get the nodes' credentials.
    """

    def __init__(
        self,
        addresses: Sequence[tuple[str, int]],
        master: str,
        options: Options,
        password: str | None,
    ) -> None:
        self._master = master
        self._addresses = addresses
        common = {**options, "max_connections": 1, "db": 0}
        nodes = {name: common.pop(name, None) for name in ("username", "password")}
        ways: list[Options] = [{"password": password}]
        if password is None and nodes["password"] is not None:
            ways.append(nodes)
        self._clients = [
            [pooled({**common, **way, "host": host, "port": port}) for way in ways]
            for host, port in addresses
        ]

    @property
    def count(self) -> int:
        return len(self._clients)

    async def primary(self) -> Primary:
        """Raises StoreUnavailable when no Sentinel answers, StartupError when none knows it."""
        answers, failures = await ask_all(map(self._ask, self._clients))
        if not answers:
            raise self._explained(failures)
        latest = max(answers, key=lambda state: int(state["config-epoch"]))
        return Primary(
            str(latest["ip"]), int(latest["port"]), int(latest["config-epoch"]), len(answers)
        )

    async def discover_master(self, _service_name: str) -> tuple[str, int]:
        """What redis-py's pool asks before each connection."""
        primary = await self.primary()
        return primary.host, primary.port

    async def aclose(self) -> None:
        for clients in self._clients:
            for client in clients:
                await client.aclose()

    async def _ask(self, ways: Sequence[Redis]) -> dict[str, Any]:
        *first, last = ways
        for client in first:
            try:
                return await self._state(client)
            except AuthenticationError:
                continue
        return await self._state(last)

    async def _state(self, client: Redis) -> dict[str, Any]:
        state: dict[str, Any] = await command(client, "SENTINEL MASTER", self._master)
        return state

    def _explained(self, failures: Sequence[Exception]) -> Exception:
        """The error to raise; one that an operator can do something about comes first."""
        for failure in failures:
            if isinstance(failure, (*REFUSED, NoPermissionError)):
                return StartupError(
                    f"a Sentinel refuses the connection ({kind_of(failure)}); check "
                    "REDIS_SENTINEL_PASSWORD"
                )
            if isinstance(failure, ResponseError):
                if UNKNOWN in str(failure):
                    return StartupError(
                        f"the Sentinels know no primary called {self._master!r}; check "
                        "REDIS_SENTINEL_MASTER against the name in their configuration"
                    )
                return StartupError(
                    f"a server of REDIS_SENTINELS is no Sentinel ({kind_of(failure)}); check its "
                    "address"
                )
        places = ", ".join(f"{host}:{port}" for host, port in self._addresses)
        reason = f": {kind_of(failures[0])}" if failures else ""
        return StoreUnavailable("Redis", f"no Sentinel answers at {places}{reason}")


class PrimaryPool(SentinelConnectionPool, AskingPool):
    """Its connections go to the primary; connections to a former primary are closed."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


def connect_to_primary(sentinels: Sentinels, master: str, options: Options) -> Redis:
    """Follows the Sentinels to each new primary. Closing it closes ``sentinels``."""
    named = {name: value for name, value in options.items() if name not in {"host", "port"}}
    is_tls = named.pop("connection_class", None) is TrustingConnection
    named["connection_class"] = TrustingSentinelConnection if is_tls else SentinelManagedConnection
    pool = PrimaryPool(master, sentinels, **named)  # type: ignore[no-untyped-call]
    return Redis.from_pool(pool)
