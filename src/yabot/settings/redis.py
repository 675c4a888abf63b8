"""Where events travel: one server, Sentinel or Cluster."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, SecretStr
from redis.asyncio.connection import parse_url

from yabot.settings.base import Problem, Section, variable
from yabot.settings.network import guessable, is_loopback, passwords_in
from yabot.settings.redis_tls import SCHEME, refuse_unknown, tls_files, unchecked
from yabot.settings.tls_files import TlsFiles
from yabot.settings.values import (
    MILLISECONDS,
    HostPorts,
    Milliseconds,
    PoolSize,
    StoreAddress,
)

POOL_SIZE = (
    "a whole number from 3 to 10000; with REDIS_CLUSTER, at least 2 more than BUS_PARTITIONS"
)


def _redis_url(secret: SecretStr | None) -> SecretStr | None:
    if secret is None:
        return None
    url = secret.get_secret_value()
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("it does not begin with redis://, rediss:// or unix://")
    try:
        options = {**parse_url(url)}
        database = urlsplit(url).path
    except ValueError:
        raise ValueError(
            "redis-py cannot read it (are / : @ and % in the password percent-encoded,"
            " the port and the options right?)"
        ) from None
    if not url.startswith("unix://") and not re.fullmatch(r"/?|/\d+", database):
        raise ValueError("what follows the host is not a database number")
    refuse_unknown(options)
    return secret


class RedisSettings(Section):
    url: Annotated[StoreAddress, AfterValidator(_redis_url)] = variable(
        "REDIS_URL",
        None,
        about="The Redis or Valkey that carries events. With REDIS_SENTINELS its host is not used,"
        " its scheme, user, password, database and options are.",
        value="redis://…, rediss://… (TLS) or unix://…, or the word embedded",
        default_text="embedded",
    )
    password: SecretStr | None = variable(
        "REDIS_PASSWORD",
        None,
        about="Redis' password, where it is not part of REDIS_URL.",
        value="the password as it is, not percent-encoded",
        verbatim=True,
    )
    sentinels: HostPorts = variable(
        "REDIS_SENTINELS",
        (),
        about="The Sentinels that know where the primary is.",
        value="host:port,host:port,… (26379 where no port is written)",
    )
    sentinel_master: str | None = variable(
        "REDIS_SENTINEL_MASTER",
        None,
        about="The name under which the Sentinels know the primary.",
        value="the name in their configuration, often mymaster",
    )
    sentinel_password: SecretStr | None = variable(
        "REDIS_SENTINEL_PASSWORD",
        None,
        about="The Sentinels' password. Without it, Sentinels that ask for one get Redis' own.",
        value="the password as it is, not percent-encoded",
        verbatim=True,
    )
    cluster: bool = variable(
        "REDIS_CLUSTER",
        False,
        about="REDIS_URL names a node of a Redis Cluster; the others are found through it.",
        value="true or false",
    )
    max_pool_size: PoolSize = variable(
        "REDIS_MAX_POOL_SIZE",
        50,
        about="How many connections to Redis (to each node of a Cluster) one process keeps at"
        " most.",
        value=POOL_SIZE,
    )
    timeout_ms: Milliseconds = variable(
        "REDIS_TIMEOUT_MS",
        2000,
        about="How long Redis may take to connect or to answer before it counts as away.",
        value=MILLISECONDS,
    )

    @property
    def embedded(self) -> bool:
        """True if YABOT starts its own Valkey."""
        return self.url is None and not self.sentinels

    @property
    def tls_files(self) -> TlsFiles:
        """The TLS files that the address names; none if it does not ask for TLS."""
        return tls_files(self._options() if self._address.startswith(SCHEME) else {})

    def key_files(self) -> Iterator[tuple[str, Path]]:
        return self.tls_files.key_files()

    def conflicts(self) -> Iterator[Problem]:
        yield from self._topology_conflicts()
        yield from self.tls_files.problems()
        written = unquote(urlsplit(self._address).password or "")
        if self.password and written and self.password.get_secret_value() != written:
            yield Problem(
                "REDIS_PASSWORD",
                "REDIS_URL has another password",
                "keep one of the two",
                ("REDIS_URL",),
            )

    def pool_conflicts(self, partitions: int) -> Iterator[Problem]:
        """Too few connections for ``partitions``: waiting for events would take all of them."""
        # The address takes precedence.
        in_address = self._options().get("max_connections")
        size = self.max_pool_size if in_address is None else in_address
        # One connection waits for all streams of events; in a Cluster one for each, as one node may
        # get them all. Another one waits for other services' events.
        waiting = (partitions if self.cluster else 1) + 1
        if size <= waiting:
            yield Problem(
                "REDIS_MAX_POOL_SIZE" if in_address is None else "REDIS_URL",
                f"of {size} connections none is left for all else: {waiting} wait for events",
                f"allow {waiting + 1} or more",
                ("REDIS_URL", "REDIS_CLUSTER", "BUS_PARTITIONS"),
            )

    def _topology_conflicts(self) -> Iterator[Problem]:
        if self.cluster and self.sentinels:
            yield Problem(
                "REDIS_CLUSTER",
                "Sentinel and Cluster exclude each other",
                "keep REDIS_CLUSTER or REDIS_SENTINELS",
                ("REDIS_SENTINELS",),
            )
        elif self.cluster and not self.url:
            yield Problem(
                "REDIS_CLUSTER",
                "no node of the cluster is named",
                "set REDIS_URL to one of its nodes",
                ("REDIS_URL",),
            )
        if self.sentinels and not self.sentinel_master:
            yield Problem(
                "REDIS_SENTINEL_MASTER",
                "it is missing, and REDIS_SENTINELS needs it",
                "set the name under which the Sentinels know the primary",
                ("REDIS_SENTINELS",),
            )
        if self.sentinel_master and not self.sentinels:
            yield Problem(
                "REDIS_SENTINELS",
                "it is missing, and REDIS_SENTINEL_MASTER needs it",
                "set host:port of each Sentinel",
                ("REDIS_SENTINEL_MASTER",),
            )
        if self.url and (self.cluster or self.sentinels):
            yield from self._address_conflicts()

    def _address_conflicts(self) -> Iterator[Problem]:
        reason = "REDIS_CLUSTER" if self.cluster else "REDIS_SENTINELS"
        if self._address.startswith("unix://"):
            wrong = f"a Unix socket cannot be used with {reason}"
            yield Problem("REDIS_URL", wrong, "use redis:// or rediss://", (reason,))
        elif self.cluster and parse_url(self._address).get("db"):
            wrong = "a Cluster has no database but 0"
            yield Problem("REDIS_URL", wrong, "leave the number out", (reason,))

    def production_risks(self) -> Iterator[Problem]:
        if self.embedded:
            if "url" not in self.model_fields_set:
                right = "production needs an address, or the word embedded"
                yield Problem("REDIS_URL", "it is missing", right, ("REDIS_SENTINELS",))
            return
        if self._stays_here():
            return
        options = self._options()
        yield from _transport_risks(self._address, options)
        if self.sentinels and self.sentinel_password:
            own = self.sentinel_password.get_secret_value()
            yield from guessable("REDIS_SENTINEL_PASSWORD", own)
        if password := self._password(options):
            yield from guessable("REDIS_PASSWORD" if self.password else "REDIS_URL", password)
        else:
            yield Problem(
                "REDIS_PASSWORD",
                "it is missing",
                "set it, or write it in REDIS_URL",
                ("REDIS_URL",),
            )

    @property
    def _address(self) -> str:
        return self.url.get_secret_value() if self.url else ""

    def _options(self) -> Mapping[str, Any]:
        """What redis-py reads in the address, including its query string."""
        return {**parse_url(self._address)} if self.url else {}

    def _password(self, options: Mapping[str, Any]) -> str:
        chosen = self.password.get_secret_value() if self.password else ""
        return chosen or str(options.get("password", ""))

    def _stays_here(self) -> bool:
        """Whether only a server on this machine is called.

        A Sentinel on this machine, or a Cluster's node, tells of servers that may be anywhere.
        """
        if self.sentinels or self.cluster:
            return False
        options = self._options()
        return is_loopback(str(options.get("path") or options.get("host") or "localhost"))

    def secrets(self) -> Iterator[str]:
        for password in (self.password, self.sentinel_password):
            if password:
                yield password.get_secret_value()
        yield from passwords_in(self._address)


def _transport_risks(address: str, options: Mapping[str, Any]) -> Iterator[Problem]:
    if not address.startswith(SCHEME):
        yield Problem(
            "REDIS_URL",
            "the connection is not encrypted",
            "use rediss://, also with REDIS_SENTINELS and REDIS_CLUSTER",
        )
    yield from unchecked(options)
