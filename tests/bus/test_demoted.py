"""A server of Redis that becomes a replica is left for the primary at the same address."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.bus.valkey import Server, server
from tests.outages.proxy import proxying
from tests.storage.fixtures import PATIENCE_MS
from tests.uris import moved_to, port_of
from yabot.bus.connection import command, connect
from yabot.bus.streams import Streams
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry

pytestmark = pytest.mark.standard


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    async with server(tmp_path / "one") as one, server(tmp_path / "other") as other:
        yield one, other


@pytest.mark.criterion("1.1.5")
async def test_what_is_refused_by_a_replica_goes_to_the_primary(
    servers: tuple[Server, Server],
) -> None:
    one, other = servers
    primary = one

    def connect_to_primary() -> socket.socket:
        return socket.create_connection(("127.0.0.1", port_of(primary.url)))

    with proxying(connect_to_primary) as balancer:
        # They have the same password: whoever takes over has that too.
        password = urlsplit(one.url).password
        await command(other.redis, "ACL", "SETUSER", "default", f">{password}")
        url = moved_to(one.url, balancer.port)
        async with connect(url, password=None, max_pool_size=3, timeout_ms=PATIENCE_MS) as redis:
            streams = Streams(redis)
            assert await streams.append(0, 0, [entry(0)]) == (1, True)
            primary = other
            await command(one.redis, "REPLICAOF", "127.0.0.1", str(port_of(other.url)))
            with pytest.raises(StoreUnavailable, match="leads to a replica"):
                await streams.append(1, 0, [entry(1)])
            assert await streams.append(1, 0, [entry(1)]) == (1, True)
    assert await Streams(other.redis).position(1) == 1


def entry(partition: int) -> Entry:
    return Entry(partition, 1, "user_registered", "{}")
