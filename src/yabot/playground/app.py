"""The ASGI application: Bot API, reader's side and page behind one guard."""

import json
import sqlite3
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from yabot.error_text import kind_of
from yabot.errors import TransientError
from yabot.observability.logging import get_logger
from yabot.playground.bot_api.endpoint import BotApiEndpoint
from yabot.playground.faults import routes as faults
from yabot.playground.guard import Guard
from yabot.playground.reader import file_routes, group_routes, raw_routes, routes, watching
from yabot.playground.reader.context import Context
from yabot.playground.reader.errors import Refused

log = get_logger(__name__)

PAGE = Path(__file__).parent / "page"


def build_app(context: Context, bot_api: BotApiEndpoint) -> FastAPI:
    app = FastAPI(title="YABOT playground", openapi_url=None)
    app.router.redirect_slashes = False
    app.state.context = context
    app.add_middleware(Guard)
    app.add_route("/bot{token}/{method}", bot_api.answer, methods=["GET", "POST"])
    app.add_route("/file/bot{token}/{path:path}", bot_api.download, methods=["GET"])
    app.include_router(routes.router)
    app.include_router(group_routes.router)
    app.include_router(file_routes.router)
    app.include_router(raw_routes.router)
    app.include_router(watching.router)
    app.include_router(faults.router)
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(TransientError, _unavailable)
    app.add_exception_handler(sqlite3.Error, _store_failed)
    return app


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    status = error.status if isinstance(error, Refused) else 500
    return JSONResponse({"detail": str(error)}, status_code=status)


async def _invalid(_request: Request, error: Exception) -> Response:
    """The places of the mistakes, without the text there; in ASCII, because the name of an unknown
    field may hold a lone surrogate.
    """
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    told = [{key: fault[key] for key in ("type", "loc", "msg")} for fault in faults]
    return Response(json.dumps({"detail": told}), 422, media_type="application/json")


async def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=503)


async def _store_failed(_request: Request, error: Exception) -> JSONResponse:
    log.error("playground.store.failed", error=kind_of(error))
    return JSONResponse(
        {"detail": f"The playground's store says: {kind_of(error)}"}, status_code=500
    )
