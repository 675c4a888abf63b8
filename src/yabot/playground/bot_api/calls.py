"""One method of the Bot API carried out, however the call came: over HTTP or from a webhook."""

from typing import Any

from starlette.responses import Response

from yabot.playground.bot_api.errors import NOT_FOUND, not_built
from yabot.playground.bot_api.params import Params
from yabot.playground.bot_api.polling import Polling
from yabot.playground.bot_api.registry import ALL_OF_TELEGRAM, METHODS
from yabot.playground.store import files
from yabot.playground.store.database import Database


class Calls:
    def __init__(self, database: Database, polling: Polling) -> None:
        self._database = database
        self._polling = polling

    async def file(self, path: str) -> Response:
        found = await self._database.run(lambda tx: files.read(tx, path=path))
        if found is None:
            raise NOT_FOUND
        return Response(found["body"], media_type="application/octet-stream")

    async def run(self, name: str, params: Params) -> Any:
        """The result, once it is on disk. ``name`` is in lower case. Raises BotApiError."""
        if name == "getupdates":
            return await self._polling.get_updates(params)
        method = METHODS.get(name)
        if method is not None:
            return await self._database.run(lambda tx: method(tx, params))
        if name in ALL_OF_TELEGRAM:
            raise not_built(f"does not know {ALL_OF_TELEGRAM[name]}")
        raise NOT_FOUND
