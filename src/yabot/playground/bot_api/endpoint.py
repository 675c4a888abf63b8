"""The HTTP side of the Bot API: token, method, parameters in; Telegram's envelope out."""

import secrets
import sqlite3
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from yabot.observability.logging import get_logger
from yabot.playground.bot_api.errors import NOT_FOUND, UNAUTHORIZED, BotApiError, not_built
from yabot.playground.bot_api.params import Params, read_params
from yabot.playground.bot_api.polling import Polling
from yabot.playground.bot_api.registry import ALL_OF_TELEGRAM, METHODS
from yabot.playground.store.database import Database

log = get_logger(__name__)


class BotApiEndpoint:
    """Answers ``/bot<token>/<method>``; what a method did is on disk before it is answered."""

    def __init__(self, database: Database, polling: Polling, token: str) -> None:
        self._database = database
        self._polling = polling
        self._token = token.encode()

    async def answer(self, request: Request) -> JSONResponse:
        try:
            return JSONResponse({"ok": True, "result": await self._result(request)})
        except BotApiError as error:
            return _refusal(error)
        except sqlite3.Error as error:
            log.exception("playground.store.failed")
            return _refusal(BotApiError(500, f"Internal Server Error: the store says: {error}"))

    async def _result(self, request: Request) -> Any:
        token = request.path_params["token"].encode()
        if not secrets.compare_digest(token, self._token):
            raise UNAUTHORIZED
        params = await read_params(request)
        return await self._call(request.path_params["method"].lower(), params)

    async def _call(self, name: str, params: Params) -> Any:
        if name == "getupdates":
            return await self._polling.get_updates(params)
        method = METHODS.get(name)
        if method is not None:
            return await self._database.run(lambda tx: method(tx, params))
        if name in ALL_OF_TELEGRAM:
            raise not_built(f"does not know {ALL_OF_TELEGRAM[name]}")
        raise NOT_FOUND


def _refusal(error: BotApiError) -> JSONResponse:
    body = {"ok": False, "error_code": error.status, "description": error.description}
    return JSONResponse(body, status_code=error.status)
