"""A method in the webhook's answer: carried out as if the bot had called it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Message

from yabot.observability.logging import get_logger
from yabot.playground.bot_api.calls import Calls
from yabot.playground.bot_api.errors import BotApiError
from yabot.playground.bot_api.params import Params, read_params

log = get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    content_type: str
    body: bytes


async def obey(answer: Answer, calls: Calls) -> None:
    """Carry out the method in a webhook's answer. As with Telegram, only the log gets the result.
    Never raises: a failed method must not repeat the delivery, nor stop the others.
    """
    name = ""
    try:
        params = await _read(answer)
        name = params.text("method").lower()
        if name and name != "getupdates":
            await calls.run(name, params)
    except BotApiError as error:
        log.info("playground.answer.refused", method=name, description=error.description)
    except Exception:
        log.exception("playground.answer.failed", method=name)


async def _read(answer: Answer) -> Params:
    """An answer holds a call just as a request would."""

    async def receive() -> Message:
        return {"type": "http.request", "body": answer.body, "more_body": False}

    headers = [(b"content-type", answer.content_type.encode("latin-1"))]
    scope = {"type": "http", "method": "POST", "query_string": b"", "headers": headers}
    return await read_params(Request(scope, receive))
