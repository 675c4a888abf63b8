"""What HTTP allows for every path: HEAD, OPTIONS, and to be told its methods."""

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as AnyRoute

from yabot.api.answering import problems
from yabot.api.answering.answers import Answer
from yabot.api.phases import Message, Receive, Send


class Methods:
    """An ASGI application around the routes: HEAD is GET without its body."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        scope["app"] = self._app
        match scope["method"]:
            case "HEAD":
                asked = {**scope, "method": "GET"}
                await self._app(asked, receive, _without_body(send))
                scope["route"] = asked.get("route")
            case "OPTIONS":
                await _options(scope)(scope, receive, send)
            case _:
                await self._app(scope, receive, send)


def allowed(scope: Message) -> str:
    """The value of the header Allow; empty if there is no such path."""
    app: FastAPI = scope["app"]
    asked = {**scope, "method": ""}
    found: set[str] = set()
    for route in app.router.routes:
        if isinstance(route, AnyRoute) and route.matches(asked)[0] is not Match.NONE:
            found |= route.methods or set()
    if "GET" in found:
        found.add("HEAD")
    return ", ".join(sorted({*found, "OPTIONS"})) if found else ""


def _options(scope: Message) -> Response:
    if allow := allowed(scope):
        return Response(status_code=204, headers={"Allow": allow})
    return Answer.of_refusal(problems.NOT_FOUND.refuse(), scope["correlation_id"]).response


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
