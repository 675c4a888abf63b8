"""How a request reaches its handler: with the scope that this needs, or not at all."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from yabot.api.caller import Caller
from yabot.api.problems import Problem

SCOPE = "x-required-scope"
SCOPE_MISSING = Problem(403, "scope_missing", "The token lacks the scope that this needs.")


class Route(APIRoute):
    """Asks for the scope that stands in ``openapi_extra``, before anything of a body is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        needs: str = (self.openapi_extra or {})[SCOPE]

        async def handle_if_allowed(request: Request) -> Response:
            caller: Caller = request.scope["caller"]
            if needs not in caller.scopes:
                raise SCOPE_MISSING.refuse(f"This needs a token with the scope {needs}.")
            return await handle(request)

        return handle_if_allowed
