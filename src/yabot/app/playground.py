"""The playground within the program: it shows what is stored beside the chat."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from sqlalchemy import Connection, select

from yabot.app.foundation import Foundation
from yabot.app.stores import Stores
from yabot.bus.observer import observe
from yabot.feature import Services
from yabot.log.tables import outbox, user_counters
from yabot.playground.server import PlaygroundServer


async def open_playground(base: Foundation, stack: AsyncExitStack) -> PlaygroundServer:
    playground = PlaygroundServer(
        base.settings.data_dir / "playground.db",
        port=base.settings.playground_port,
        inspector=StoreInspector(base.stores, base.services),
    )
    await playground.start()
    stack.push_async_callback(playground.stop)
    return playground


class StoreInspector:
    def __init__(self, stores: Stores, services: Services) -> None:
        self._stores = stores
        self._services = services

    async def stored_state(self, telegram_user_id: int) -> dict[str, Any]:
        user_id = str(telegram_user_id)
        sections: dict[str, Any] = {}
        for name, part in self._services.personal_data.items():
            # The page shows the events separately.
            if name != "log":
                sections |= await part.export(user_id)
        sections["counters"] = await self._stores.database.read(
            lambda connection: _counters(connection, user_id)
        )
        return {"sections": sections}

    async def recent_events(self, telegram_user_id: int, limit: int) -> list[dict[str, Any]]:
        query = (
            select(outbox.c.envelope)
            .where(outbox.c.user_id == str(telegram_user_id))
            .order_by(outbox.c.pos.desc())
            .limit(limit)
        )
        envelopes = await self._stores.database.read(
            lambda connection: list(connection.execute(query).scalars())
        )
        return [json.loads(envelope) for envelope in reversed(envelopes)]

    def live_events(self) -> AsyncIterator[dict[str, Any]]:
        return observe(self._stores.redis, self._services.commits.catalog.names)


def _counters(connection: Connection, user_id: str) -> dict[str, Any]:
    query = select(user_counters.c.sequence, user_counters.c.state_version).where(
        user_counters.c.user_id == user_id
    )
    row = connection.execute(query).mappings().first()
    return dict(row) if row else {}
