"""Answers errors of the API's handlers: each becomes a problem with a code."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from yabot.api.admission import methods
from yabot.api.answering import problems
from yabot.api.answering.answers import Answer
from yabot.api.answering.failing import failure
from yabot.api.answering.problems import Fault, Refused
from yabot.api.phases import App, Message, Receive, Send
from yabot.errors import GuardFailed, InvalidInput, StoreUnavailable

# Most faults in one answer, and most characters of a place: a client decides how many there are.
MOST_FAULTS = 20
LONGEST_PLACE = 200

_OF_STATUS = {404: problems.NOT_FOUND, 405: problems.METHOD_NOT_ALLOWED}


def handle_errors(app: FastAPI) -> None:
    """Let ``app`` answer all errors as problems."""
    kinds: dict[type[Exception], Callable[[Any], Refused]] = {
        Refused: lambda refused: refused,
        RequestValidationError: _invalid,
        InvalidInput: lambda error: problems.INVALID.refuse(str(error)),
        StoreUnavailable: _store_away,
        GuardFailed: lambda _error: problems.TOO_BUSY.refuse(Retry_After="1"),
    }
    for kind, as_refusal in kinds.items():
        app.add_exception_handler(kind, _answering(as_refusal))
    app.add_exception_handler(HTTPException, _of_framework)  # type: ignore[arg-type]
    app.add_middleware(_Failing)


def _answering(
    as_refusal: Callable[[Any], Refused],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        return Answer.of_refusal(as_refusal(error), request.scope["correlation_id"]).response

    return answer


class _Failing:
    """An ASGI application around handlers: an error is logged once, and answered.

    If the answer has begun, it can only be broken off: the server does so, and logs the error.
    Starlette would answer likewise, but let the server log every error again.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:
            if has_begun:
                raise
            correlation_id = scope["correlation_id"]
            answer = Answer.of_refusal(failure(correlation_id, error), correlation_id)
            await answer.response(scope, receive, send)


def _invalid(error: RequestValidationError) -> Refused:
    first = error.errors()[:MOST_FAULTS]
    faults = [Fault(pointer=_pointer(each["loc"]), detail=each["msg"]) for each in first]
    return Refused(problems.INVALID, problems.INVALID.meaning, faults)


def _pointer(place: tuple[str | int, ...]) -> str:
    return _whole_pointer(place)[:LONGEST_PLACE]


def _whole_pointer(place: tuple[str | int, ...]) -> str:
    where, *rest = place
    if where == "body":
        return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in rest)
    return f"{where}: {'.'.join(map(str, rest))}"


async def _of_framework(request: Request, error: HTTPException) -> Response:
    kind = _OF_STATUS.get(error.status_code, problems.BAD_REQUEST)
    if kind is problems.METHOD_NOT_ALLOWED:
        # The router names the methods of one route only; a path may have several routes.
        refused = kind.refuse(Allow=methods.allowed(request.scope))
    else:
        refused = kind.refuse()
    return Answer.of_refusal(refused, request.scope["correlation_id"]).response


def _store_away(error: StoreUnavailable) -> Refused:
    return problems.STORE_UNAVAILABLE.refuse(
        f"{error.store} does not answer; ask again later.", Retry_After="1"
    )
