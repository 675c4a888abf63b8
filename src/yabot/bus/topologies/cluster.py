"""A Redis Cluster, as a client that knows which node has which key.

redis-py has one of its own. Its asyncio version (8.1) sends ASKING on one connection and the
command on another, so that nothing gets through while a slot moves; it does not wait for a free
connection; and after a failure it cuts those that others are waiting on (ADR 7).
"""

import asyncio
import random
from collections import Counter
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import AskError, ClusterDownError, MovedError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from yabot.bus.connection import command, pooled
from yabot.bus.topologies.asking import ask_all
from yabot.bus.topologies.slots import Address, SlotMap, host_of, slot_of
from yabot.bus.trust import Options
from yabot.errors import StartupError, StoreUnavailable

NO_CLUSTER = "cluster support disabled"
REDIRECTS = 5
UNREACHED = (RedisConnectionError, RedisTimeoutError, OSError, ClusterDownError)


class ClusterClient(Redis):
    """Sends each command to the node that has its first key, and follows the key where it moves.

    Commands without a key, and pipelines, are not supported: they have no node, or several.
    ``options`` name any one node and say how to connect to all; each gets a pool of that size.
    A command without an answer is not repeated: nobody knows whether it was done.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._first: Address = (options.get("host", "localhost"), options.get("port", 6379))
        self._clients: dict[Address, Redis] = {}
        self._map = SlotMap()
        # Slots that have moved since the map was made, with their new nodes.
        self._moved: dict[int, Address] = {}
        self._is_stale = True
        self._drawing = asyncio.Lock()
        super().__init__(connection_pool=self._client(self._first).connection_pool)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """For commands with a key, all of whose keys are in one slot."""
        slot = slot_of(args)
        await self._refresh()
        node, asking = self._holder(slot), False
        for _ in range(REDIRECTS):
            try:
                return await self._send(node, asking, *args, **options)
            except MovedError as error:
                node, asking = _place(error, node), False
                self._moved[slot] = node
            except AskError as error:
                node, asking = _place(error, node), True
            except UNREACHED:
                self._is_stale = True
                raise
        raise _down(f"slot {slot} is sent from node to node")

    async def ping(self, **_options: Any) -> bool:
        """Whether every slot is served, and every primary answers."""
        if not self._map.is_whole:
            self._is_stale = True
        await self._refresh()
        if not self._map.is_whole:
            raise _down(f"only {self._map.served} of its 16384 slots are served")
        try:
            await asyncio.gather(*(self._client(node).ping() for node in self._primaries()))
        except UNREACHED:
            self._is_stale = True
            raise
        return True

    async def script_load(self, script: Any) -> Any:
        """Load it on every primary that answers: any may run it next. Returns its hash."""
        await self._refresh()
        loaded, failures = await ask_all(
            self._send(node, False, "SCRIPT LOAD", script) for node in self._primaries()
        )
        if not loaded:
            raise failures[0]
        return loaded[0]

    def pubsub(self, **options: Any) -> PubSub:
        """Connects to any node: in a Cluster each node gets what is published at any other."""
        nodes = sorted(self._map.nodes) or [self._first]
        return self._client(random.choice(nodes)).pubsub(**options)  # noqa: S311 - no secret

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        for client in self._clients.values():
            await client.aclose(close_connection_pool)

    async def layout(self) -> SlotMap:
        """As most nodes see it now. Raises RedisError, StartupError."""
        self._is_stale = True
        await self._refresh()
        return self._map

    async def _send(self, node: Address, asking: bool, *args: Any, **options: Any) -> Any:
        client = self._client(node)
        if not asking:
            return await command(client, *args, **options)
        # ASKING is for the next command of its own connection.
        async with client.client() as connection:
            await command(connection, "ASKING")
            return await command(connection, *args, **options)

    def _holder(self, slot: int) -> Address:
        node = self._moved.get(slot) or self._map.primary_of(slot)
        if node is None:
            self._is_stale = True
            raise _down(f"no node serves slot {slot}")
        return node

    def _primaries(self) -> frozenset[Address]:
        return self._map.primaries | set(self._moved.values())

    def _client(self, node: Address) -> Redis:
        if node not in self._clients:
            host, port = node
            self._clients[node] = pooled({**self._options, "host": host, "port": port})
        return self._clients[node]

    async def _refresh(self) -> None:
        """Make the map anew if it may be wrong; asks all nodes, of which some may be away."""
        if not self._is_stale:
            return
        async with self._drawing:
            if self._is_stale:
                self._map = await self._drawn()
                self._moved.clear()
                self._is_stale = False
        await self._forget_the_gone()

    async def _drawn(self) -> SlotMap:
        asked = {self._first, *self._clients, *self._map.nodes}
        maps, failures = await ask_all(map(self._map_by, asked))
        if not maps:
            raise failures[0]
        # The majority counts: a node that was cut off or stopped does not know what has changed.
        [(agreed, _)] = Counter(maps).most_common(1)
        return agreed

    async def _map_by(self, node: Address) -> SlotMap:
        try:
            answer = await command(self._client(node), "CLUSTER SLOTS")
        except ResponseError as error:
            if NO_CLUSTER not in str(error):
                raise
            raise StartupError(
                f"{node[0]}:{node[1]} is no node of a Redis Cluster; set REDIS_URL to one, or leave"
                " REDIS_CLUSTER out"
            ) from error
        return SlotMap.read(answer, node)

    async def _forget_the_gone(self) -> None:
        """Close the clients of nodes that have left the Cluster."""
        for node in self._clients.keys() - self._map.nodes - {self._first}:
            # Another task may have removed it meanwhile.
            if client := self._clients.pop(node, None):
                await client.aclose()


def _down(reason: str) -> StoreUnavailable:
    """In our own words: Redis' message is not repeated."""
    return StoreUnavailable("Redis", f"the Cluster is down: {reason}")


def _place(error: AskError, asked: Address) -> Address:
    return (host_of(error.host, asked), error.port)
