"""What this process knows of keys, services and revoked tokens; it is read again all the time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from yabot.api.answering.problems import STORE_UNAVAILABLE
from yabot.api.auth.keys import SigningKeys
from yabot.api.auth.registered import Holder, Registered, registered
from yabot.clock import utc_now
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database

# Seconds within which a change is seen.
LOOK_EVERY = 2.0
# Seconds between two looks for unknown keys, however many tokens name some.
LOOK_AGAIN_AFTER = 1.0


class Knowledge:
    """While SQL or the folder of our keys cannot be read, what was known last goes on to hold."""

    def __init__(
        self,
        keys: SigningKeys,
        database: Database,
        *besides: Callable[[], Awaitable[None]],
        look_again_after: float = LOOK_AGAIN_AFTER,
    ) -> None:
        """``besides`` are further looks that each look includes."""
        self.loop = WakingLoop("api_tokens", self.look, LOOK_EVERY)
        self._keys = keys
        self._database = database
        self._besides = besides
        self._look_again_after = look_again_after
        self._own: Mapping[str, Holder] = {}
        # None: SQL has not been read yet.
        self._registered: Registered | None = None
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")

    @property
    def published(self) -> dict[str, Any]:
        """A JWK set of our own keys."""
        return {"keys": [each.key.jwk for each in self._own.values()]}

    async def look(self) -> None:
        """Raises StoreUnavailable, ConfigurationError."""
        async with self._looking:
            await self._look()

    async def find(self, kid: str) -> Holder | None:
        """The holder of the key; to find one that was just made takes a second at most.

        Raises Refused while SQL has never been read.
        """
        if self.holder(kid) is None:
            await self._look_again()
        if self._registered is None:
            raise STORE_UNAVAILABLE.refuse(
                "Which tokens hold is not known yet, for SQL does not answer; ask again later.",
                Retry_After="1",
            )
        return self.holder(kid)

    def holder(self, kid: str) -> Holder | None:
        """Our own keys go first: no service can take over the name of one."""
        of_services = self._registered.holders if self._registered else {}
        return self._own.get(kid) or of_services.get(kid)

    def is_revoked(self, token_id: str) -> bool:
        return self._registered is not None and token_id in self._registered.revoked

    async def _look_again(self) -> None:
        """Wait until a look has been made since now; all who wait share one look."""
        clock = asyncio.get_running_loop().time
        asked_at = clock()
        async with self._looking:
            if self._looked_at >= asked_at:
                return
            await asyncio.sleep(self._looked_at + self._look_again_after - clock())
            # Errors are reported by the loop, which looks by itself.
            with suppress(Exception):
                await self._look()

    async def _look(self) -> None:
        self._looked_at = asyncio.get_running_loop().time()
        looks = (
            self._look_into_folder(),
            self._look_into_sql(),
            *(look() for look in self._besides),
        )
        for failure in filter(None, await asyncio.gather(*looks, return_exceptions=True)):
            raise failure

    async def _look_into_folder(self) -> None:
        keys = await asyncio.to_thread(self._keys.published, utc_now())
        self._own = {each.key.kid: Holder(each.key) for each in keys}

    async def _look_into_sql(self) -> None:
        self._registered = await self._database.read(registered(utc_now()))
