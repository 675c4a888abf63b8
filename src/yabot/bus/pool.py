"""Connections to Redis that are tested after a rest, before a command is sent over them.

A firewall forgets an idle connection and tells neither side: a command that is then sent over it is
lost, which its sender notices only when the time for an answer has passed.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from yabot.bus.trust import TrustingConnection

# Seconds of rest after which a connection is pinged.
RESTED = 1.0
# Seconds, at most, for the answer: a caller waits for it to send a command.
LONGEST_ANSWER = 0.5


class AskingPool(BlockingConnectionPool):
    """Replaces a connection that has rested and does not answer, before anything is sent over it;
    also one that was made with certificates that have been replaced since.

    A command that has been sent is never repeated: nobody knows whether it was done.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        timeout: float | None = options.get("socket_timeout")
        self._patience = LONGEST_ANSWER if timeout is None else min(LONGEST_ANSWER, timeout / 4)
        self._resting_since: WeakKeyDictionary[AbstractConnection, float] = WeakKeyDictionary()

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        if _is_outdated(connection) or (
            self._has_rested(connection) and not await self._answers(connection)
        ):
            await connection.disconnect(nowait=True)
        await super().ensure_connection(connection)

    async def release(self, connection: AbstractConnection) -> None:
        self._resting_since[connection] = asyncio.get_running_loop().time()
        await super().release(connection)

    def _has_rested(self, connection: AbstractConnection) -> bool:
        now = asyncio.get_running_loop().time()
        since = self._resting_since.get(connection, now)
        return connection.is_connected and now - since > RESTED

    async def _answers(self, connection: AbstractConnection) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                await connection.send_command("PING", check_health=False)
                await connection.read_response()
        except (RedisError, OSError, TimeoutError):
            return False
        return True


def _is_outdated(connection: AbstractConnection) -> bool:
    return isinstance(connection, TrustingConnection) and connection.is_outdated
