"""The program's HTTP interface: health and metrics, and the API for other services."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from yabot.api.admission.fairness import Fairness
from yabot.api.admission.gate import Admission, Authenticate
from yabot.api.admission.handling import handle_errors
from yabot.api.admission.methods import Methods
from yabot.api.answering import problems
from yabot.api.answering.answers import Answer
from yabot.api.encryption.exchange import Exchanges
from yabot.api.encryption.layer import Decrypting, Encrypting
from yabot.api.openapi.document import build_document
from yabot.api.openapi.serving import publish
from yabot.api.operations.routes import Routes
from yabot.api.phases import App, Message, Receive, Send
from yabot.api.records.recorder import RequestRecorder
from yabot.api.records.recording import Recording
from yabot.observability.health import Health
from yabot.observability.metrics import REGISTRY

READY = ("ok", "degraded")


def build_operations(health: Health) -> "Operations":
    """Health and metrics, which operators may ask for during the whole life of a process."""
    app = _app()
    handle_errors(app)

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        """Answering at all shows that the event loop turns."""
        return {"status": "ok"}

    @app.get("/health/startup")
    async def startup() -> JSONResponse:
        """200 once started, also when degraded."""
        return _answer({"status": "ok" if health.started else "starting"}, health.started)

    @app.get("/health/ready")
    async def ready() -> JSONResponse:
        """200 while updates are taken in, and until the program is told to stop; the body says what
        is degraded and since when.

        Not why: whoever asks is a stranger. The log and ``yabot doctor`` tell.
        """
        return _answer(_report(health), health.status in READY)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return Operations(app)


def build_api(
    asyncapi: Mapping[str, Any],
    offered: Iterable[Routes],
    authenticate: Authenticate,
    fairness: Fairness,
    recorder: RequestRecorder,
    open_to_all: Iterable[APIRouter] = (),
    exchanges: Exchanges | None = None,
) -> App:
    """The API for other services: ``offered`` are the routes, ``authenticate`` knows their callers.

    ``asyncapi`` is the document of the events, served as it is; the API's own document is made from
    ``offered``. Both documents and ``open_to_all`` need no token, and lie outside of PREFIX. The
    ``recorder`` is told of each request. ``exchanges`` are needed where services may encrypt.
    """
    app, parts = _app(), list(offered)
    handle_errors(app)
    publish(app, partial(build_document, parts))

    @app.get("/asyncapi.json")
    async def events() -> JSONResponse:
        return JSONResponse(asyncapi)

    for router in (*open_to_all, *(routes.router for routes in parts)):
        # Not by ``include_router``: FastAPI would look for each request's route twice.
        app.router.routes += router.routes
    gate = Admission(Decrypting(Methods(app)), authenticate, fairness, exchanges)
    return Encrypting(Recording(gate, recorder))


async def no_api(scope: Message, receive: Receive, send: Send) -> None:
    """An ASGI application for a process without the role ``api``: it refuses every request."""
    refused = problems.NOT_FOUND.refuse(
        "This process tells its health and metrics; ask one that runs with the role api."
    )
    await Answer.of_refusal(refused, str(uuid4())).response(scope, receive, send)


class Operations:
    """An ASGI application that names its requests itself, as no gate stands before it."""

    def __init__(self, app: FastAPI) -> None:
        self.routes = app.routes
        self._app = Methods(app)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        scope["correlation_id"] = str(uuid4())
        await self._app(scope, receive, send)


def _app() -> FastAPI:
    app = FastAPI(title="YABOT", docs_url=None, redoc_url=None, openapi_url=None)
    # A redirect would go to any host that the client has named.
    app.router.redirect_slashes = False
    return app


def _report(health: Health) -> dict[str, Any]:
    components = {
        name: {
            "status": component.status,
            "since": component.since.isoformat(),
        }
        for name, component in sorted(health.components.items())
    }
    return {"status": health.status, "components": components}


def _answer(body: dict[str, Any], healthy: bool) -> JSONResponse:
    return JSONResponse(body, status_code=200 if healthy else 503)
