"""Closes a connection whose server takes no writes any more.

Where one address always leads to the primary, an open connection stays with its server even when
that has become a replica. A new connection leads to the primary.
"""

from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection
from redis.exceptions import ReadOnlyError
from typing_extensions import override


class LeavingReplicas(AbstractConnection):
    @override
    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*arguments, **options)
        except ReadOnlyError:
            await self.disconnect(nowait=True)
            raise


class PlainConnection(LeavingReplicas, Connection):
    """Without TLS."""
