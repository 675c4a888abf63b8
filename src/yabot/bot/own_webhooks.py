"""Remembers across starts which webhooks are ours: we never take away those of others."""

from urllib.parse import urlsplit

from sqlalchemy import select

from yabot.bot.tables import own_webhooks
from yabot.clock import utc_now
from yabot.storage.relational.database import Database, inserting_new


class OwnWebhooks:
    """Every method raises StoreUnavailable."""

    def __init__(self, database: Database, bot_id: int) -> None:
        self._database = database
        self._bot_id = bot_id

    async def remember(self, url: str) -> None:
        row = {"bot_id": self._bot_id, "url": url, "set_at": utc_now()}
        await self._database.write(inserting_new(own_webhooks, row))

    async def include(self, url: str) -> bool:
        query = select(own_webhooks.c.url).where(
            own_webhooks.c.bot_id == self._bot_id, own_webhooks.c.url == url
        )
        return (
            await self._database.read(lambda connection: connection.execute(query).first())
            is not None
        )


def place_of(url: str) -> str:
    """The host of ``url``, for messages to people: a webhook's path may be a secret."""
    return urlsplit(url).hostname or "an unknown place"
