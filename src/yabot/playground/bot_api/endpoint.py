"""The HTTP side of the Bot API: token, method, parameters in; Telegram's envelope out."""

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yabot.error_text import kind_of
from yabot.observability.logging import get_logger
from yabot.playground.bot_api.calls import Calls
from yabot.playground.bot_api.errors import UNAUTHORIZED, BotApiError
from yabot.playground.bot_api.params import Params, read_params
from yabot.playground.faults.fault import Fault
from yabot.playground.faults.garbling import undecodable
from yabot.playground.faults.injector import FaultInjector
from yabot.playground.faults.refusals import NotTelegram, refusal_of

log = get_logger(__name__)


class BotApiEndpoint:
    """Answers ``/bot<token>/<method>``; what a method did is on disk before it is answered.

    ``hang_up`` closes the connection of a peer (host, port); it is the listener's.
    """

    hang_up: Callable[[tuple[str, int]], None]

    def __init__(self, calls: Calls, faults: FaultInjector, token: str) -> None:
        self._calls = calls
        self._faults = faults
        self._token = token.encode()

    async def answer(self, request: Request) -> Response:
        try:
            return _success(await self._result(request))
        except NotTelegram:
            return Response("<html>Bad gateway</html>", 502, media_type="text/html")
        except BotApiError as error:
            return _refusal(error)
        except sqlite3.Error as error:
            log.exception("playground.store.failed")
            return _refusal(
                BotApiError(500, f"Internal Server Error: the store says: {kind_of(error)}")
            )
        except Exception:
            log.exception("playground.call.failed")
            return _refusal(BotApiError(500, "Internal Server Error"))

    async def download(self, request: Request) -> Response:
        """``/file/bot<token>/<path>``, with the path that getFile gave."""
        try:
            self._check_token(request)
            return await self._calls.file(request.path_params["path"])
        except BotApiError as error:
            return _refusal(error)

    def _check_token(self, request: Request) -> None:
        token = request.path_params["token"].encode()
        if not secrets.compare_digest(token, self._token):
            raise UNAUTHORIZED

    async def _result(self, request: Request) -> Any:
        self._check_token(request)
        params = await read_params(request)
        name = request.path_params["method"].lower()
        return await self._with_faults(request, name, params)

    async def _with_faults(self, request: Request, name: str, params: Params) -> Any:
        """The call, with what the faults do to it."""
        fault = None
        for strike in self._faults.over_call(name, params.integer("chat_id")):
            if strike.kind == "delay":
                await asyncio.sleep(strike.seconds)
            else:
                fault = strike
        if fault is None:
            return await self._calls.run(name, params)
        return await self._struck(fault, request, name, params)

    async def _struck(self, fault: Fault, request: Request, name: str, params: Params) -> Any:
        if fault.kind == "rubbish":
            raise NotTelegram
        if fault.kind == "undecodable":
            return undecodable(await self._calls.run(name, params))
        if fault.kind == "late":
            result = await self._calls.run(name, params)
            await asyncio.sleep(fault.seconds)
            return result
        if fault.kind == "drop_after":
            await self._calls.run(name, params)
        if fault.kind in {"drop_before", "drop_after"} and request.client is not None:
            self.hang_up((request.client.host, request.client.port))
        raise refusal_of(fault)


def _success(result: Any) -> Response:
    """In ASCII, as Telegram writes it: an update may hold a lone surrogate."""
    return Response(json.dumps({"ok": True, "result": result}), media_type="application/json")


def _refusal(error: BotApiError) -> JSONResponse:
    parameters = {"parameters": error.parameters} if error.parameters else {}
    body = {"ok": False, "error_code": error.status, "description": error.description}
    retry_after = error.parameters.get("retry_after")
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse(body | parameters, status_code=error.status, headers=headers)
