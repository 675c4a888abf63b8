"""Lets a request reach its handler only with the scope that the operation needs, and in the form
that it takes.
"""

from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_origin

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.responses import Response

from yabot.api.answering import problems
from yabot.api.answering.problems import Problem
from yabot.api.caller import Caller
from yabot.api.operations.reading import (
    read_json,
    require_no_body,
    require_readable,
    require_single,
)
from yabot.api.operations.retirement import announcing

SCOPE = "x-required-scope"
SCOPE_MISSING = Problem(403, "scope_missing", "The token lacks the scope that this needs.")


class Route(APIRoute):
    """Requires the scope in ``openapi_extra`` before anything of a body is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        extra = self.openapi_extra or {}
        needs: str = extra[SCOPE]
        announced = announcing(extra)
        parameters, single = self._parameters()
        takes_if_match = problems.PRECONDITION_FAILED.status in self.responses

        async def handle_if_allowed(request: Request) -> Response:
            caller: Caller = request.scope["caller"]
            if needs not in caller.scopes:
                raise SCOPE_MISSING.refuse(f"This needs a token with the scope {needs}.")
            require_readable(request.scope, parameters)
            require_single(request.scope, single)
            if not takes_if_match and "if-match" in request.headers:
                raise problems.INVALID.refuse(
                    "This takes no If-Match: what it changes has no ETag."
                )
            await self._read_body(request)
            response = await handle(request)
            response.headers.update(announced)
            return response

        return handle_if_allowed

    def _parameters(self) -> tuple[dict[str, bool], frozenset[bytes]]:
        """The query parameters, with whether each may be repeated; and the single headers."""
        fields = get_flat_params(self.dependant)
        queries = {
            field.alias: _is_list(field.field_info.annotation)
            for field in fields
            if isinstance(field.field_info, params.Query)
        }
        headers = {
            field.alias.lower().encode()
            for field in fields
            if isinstance(field.field_info, params.Header)
        }
        return queries, frozenset(headers | {b"content-type"})

    async def _read_body(self, request: Request) -> None:
        """Read the body once, and put it where FastAPI and the handler's Change look for it."""
        if self.body_field is None:
            await require_no_body(request)
            request._body = b""
        else:
            request._body, request._json = await read_json(request)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))
