"""A connection whose server takes no writes any more is given up.

Where one address leads to whichever server is the primary, a connection stays with the one that it
was made to, also when that has become a replica. Made anew, it leads to the primary.
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
