"""Tokens for one request each: every one is accepted once, by all processes together."""

from sqlalchemy import Connection

from yabot.api.answering.problems import STORE_UNAVAILABLE
from yabot.api.auth import refusals
from yabot.api.auth.claims import LEEWAY
from yabot.api.auth.refusals import refuse
from yabot.api.caller import Caller
from yabot.api.tables import api_used_tokens
from yabot.errors import StoreUnavailable
from yabot.runtime.recent import Recent
from yabot.storage.relational.database import Database, Statement, insert_new
from yabot.storage.relational.prepared import Prepared

# Tokens that a process remembers itself; SQL knows those that do not fit.
MOST_REMEMBERED = 10_000


class UsedTokens:
    """SQL decides, the one store that all processes share and that forgets nothing in a failover.

    Memory refuses copies before they cost anything: neither a commit nor a request of the quota.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._remembered: Recent[tuple[str, str], None] = Recent(MOST_REMEMBERED)

    def require_unseen(self, caller: Caller) -> None:
        """Raises Refused if this process knows that the token was used."""
        if _key(caller) in self._remembered:
            raise refuse(refusals.REPLAYED)

    def remember(self, caller: Caller) -> None:
        """Refuse copies from now on. Raises Refused if this is one.

        Only call it for the request that was signed, or anybody could use up the token.
        """
        self.require_unseen(caller)
        self._remembered[_key(caller)] = None

    async def take(self, caller: Caller) -> None:
        """Take the token. Raises Refused if it was taken before, and if SQL does not answer."""
        try:
            is_first = await self._database.write(_take(caller))
        except StoreUnavailable as error:
            self._remembered.pop(_key(caller), None)
            raise STORE_UNAVAILABLE.refuse(
                "Whether the token has been used is not known, for SQL does not answer; ask again"
                " later.",
                Retry_After="1",
            ) from error
        if not is_first:
            raise refuse(refusals.REPLAYED)


def _key(caller: Caller) -> tuple[str, str]:
    return caller.service, caller.token_id


_add = Prepared(lambda connection: insert_new(connection, api_used_tokens))


def _take(caller: Caller) -> Statement[bool]:
    row = {
        "service": caller.service,
        "token_id": caller.token_id,
        # For a machine whose clock is behind, the token is valid a little longer.
        "expires_at": caller.expires_at + LEEWAY,
    }

    def take(connection: Connection) -> bool:
        return _add.run(connection, row) == 1

    return take
