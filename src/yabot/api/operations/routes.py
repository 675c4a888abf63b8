"""The operations that one part of the program offers to other services, under ``/api/v1``.

Handlers are asynchronous and take what they need by type: parameters of ``parameters``, a request
(``Asking``, ``AskingAgain``, ``Posting``, ``PostingAnew``, ``Changing``), and a body that is a
``StrictBody``. They return a Response that ``Inquiry.answer`` or ``Door.change`` has made. A
handler's name is the operation's id, from which clients are generated: it never changes. Its
docstring is the operation's description. The body of its answer is a ``Shown``.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from yabot.api.answering.problems import Problem
from yabot.api.caller import Scope
from yabot.api.operations.retirement import Retirement
from yabot.api.operations.route import SCOPE, Route

PREFIX = "/api/v1"

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Response]])


class StrictBody(BaseModel):
    """A body or a part of one: no unknown fields, and no value taken for another type's."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Routes:
    """``tag`` groups the operations in the documentation; ``needs`` is the scope that a token must
    have. ``retires`` announces that an operation will go, and what to use instead.
    """

    def __init__(self, tag: str) -> None:
        self.router = APIRouter(prefix=PREFIX, tags=[tag], route_class=Route)
        # Problems by operation id, for the document, which adds those of every operation.
        self.refusals: dict[str, Sequence[Problem]] = {}

    def get(
        self,
        path: str,
        *,
        needs: Scope,
        gives: type[BaseModel],
        refuses: Sequence[Problem] = (),
        retires: Retirement | None = None,
    ) -> Callable[[Handler], Handler]:
        return self._offer("GET", path, needs, gives, 200, refuses, retires)

    def post(
        self,
        path: str,
        *,
        needs: Scope,
        gives: type[BaseModel] | None,
        status: int = 200,
        refuses: Sequence[Problem] = (),
        retires: Retirement | None = None,
    ) -> Callable[[Handler], Handler]:
        return self._offer("POST", path, needs, gives, status, refuses, retires)

    def put(
        self,
        path: str,
        *,
        needs: Scope,
        gives: type[BaseModel] | None,
        status: int = 200,
        refuses: Sequence[Problem] = (),
        retires: Retirement | None = None,
    ) -> Callable[[Handler], Handler]:
        return self._offer("PUT", path, needs, gives, status, refuses, retires)

    def delete(
        self,
        path: str,
        *,
        needs: Scope,
        gives: type[BaseModel] | None = None,
        status: int = 204,
        refuses: Sequence[Problem] = (),
        retires: Retirement | None = None,
    ) -> Callable[[Handler], Handler]:
        return self._offer("DELETE", path, needs, gives, status, refuses, retires)

    def _offer(
        self,
        method: str,
        path: str,
        needs: Scope,
        gives: type[BaseModel] | None,
        status: int,
        refuses: Sequence[Problem],
        retires: Retirement | None,
    ) -> Callable[[Handler], Handler]:
        def offer(handler: Handler) -> Handler:
            self.router.add_api_route(
                path,
                handler,
                methods=[method],
                operation_id=handler.__name__,
                status_code=status,
                response_model=None,
                responses={
                    status: {"model": gives} if gives else {},
                    **{problem.status: {} for problem in refuses},
                },
                openapi_extra={SCOPE: needs, **(retires.extra if retires else {})},
            )
            self.refusals[handler.__name__] = refuses
            return handler

        return offer
