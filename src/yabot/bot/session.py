"""The one door to the Bot API: whoever calls it, its answers are read here.

aiogram reads an answer whole or not at all. Here ``"ok": true`` means that Telegram has done what
it was asked, whatever else stands in the answer.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError, TelegramServerError
from aiogram.methods import GetMe, Response, TelegramMethod
from aiohttp import ClientConnectorError, ClientError, ClientTimeout, ConnectionTimeoutError
from pydantic import ConfigDict, TypeAdapter, ValidationError

from yabot.bot.retry_after import ObeyRetryAfter
from yabot.clock import ahead, uptime
from yabot.deferred_models import adapter
from yabot.error_text import kind_of

TOO_MANY_REQUESTS = 429
SUCCESS = range(200, 300)
# Seconds. Whoever asks for more is asked again by then: it may be a mistake, of a gateway's or in
# its unit, and no mistake is to silence the bot for ever.
LONGEST_WAIT = 24 * 3600
# Seconds, waiting for one of the pool's connections included.
LONGEST_CONNECTING = 10.0
# These never came so far that Telegram could have heard the call.
NOT_CONNECTED = (ClientConnectorError, ConnectionTimeoutError)

OnTime = Callable[[datetime, float], None]
"""Takes what time it is, and when that was asked for, by ``uptime``."""


class OutcomeUnknown(TelegramNetworkError):
    """The call was on its way and its answer did not come: Telegram may have done it or not."""


class AnswerUnreadable(TelegramServerError):
    """What came back is no answer of the Bot API, or none that this version can read."""


class GetMeAsTold(GetMe):
    """Whatever is answered, it is an answer: as JSON."""

    model_config = ConfigDict(hide_input_in_errors=True)
    __returning__ = Any  # type: ignore[assignment]


class TelegramSession(AiohttpSession):
    """No error of it holds anything of what was sent or answered, but Telegram's description."""

    def __init__(
        self, api: TelegramAPIServer, timeout: float = 60.0, on_time: OnTime | None = None
    ) -> None:
        """``timeout`` in seconds, for calls that name none. ``on_time`` hears what time it is where
        the Bot API is, with each answer."""
        super().__init__(api=api, timeout=timeout)
        self._on_time = on_time
        self.middleware(ObeyRetryAfter())

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[Any],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's own
    ) -> Any:
        """Raises TelegramAPIError; OutcomeUnknown when nobody can say what became of the call."""
        session = await self.create_session()
        url = self.api.api_url(token=bot.token, method=method.__api_method__)
        form = self.build_form_data(bot=bot, method=method)
        seconds = _patience(self.timeout if timeout is None else timeout)
        asked_at = uptime()
        try:
            # Telegram sends nobody elsewhere, and a call that is sent on loses what it says.
            async with session.post(
                url, data=form, timeout=seconds, allow_redirects=False
            ) as answer:
                body = await answer.read()
        except NOT_CONNECTED as error:
            raise TelegramNetworkError(method, _named(error)) from error
        except (TimeoutError, ClientError, OSError) as error:
            raise OutcomeUnknown(method, _named(error)) from error
        # One spoilt letter must not hide the rest.
        content = body.decode("utf-8", "replace")
        response = self.check_response(bot, method, answer.status, content)
        self._tell_time(answer.headers.get("Date"), asked_at)
        return response.result

    def _tell_time(self, date: str | None, asked_at: float) -> None:
        told = _moment(date)
        if told is not None and self._on_time is not None:
            # Theirs is not shifted where ours is.
            self._on_time(told + ahead(), asked_at)

    def check_response(
        self, bot: Bot, method: TelegramMethod[Any], status_code: int, content: str
    ) -> Response[Any]:
        envelope = _envelope(content)
        if envelope is None:
            raise _no_answer(method, status_code)
        if envelope["ok"]:
            result = _result(bot, method, envelope.get("result"))
            return Response[Any].model_construct(ok=True, result=result)
        refusal = _refusal(envelope)
        if status_code == TOO_MANY_REQUESTS and not refusal["parameters"].get("retry_after"):
            raise TelegramServerError(method, refusal["description"])
        return super().check_response(bot, method, status_code, json.dumps(refusal))


def _moment(date: str | None) -> datetime | None:
    """What a server says in the header Date, to the second. None: nothing that can be read."""
    try:
        found = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _patience(seconds: float) -> ClientTimeout:
    """Without a connection in good time the call has not begun, and that is known; a wait that ends
    with all the seconds tells nothing."""
    return ClientTimeout(total=seconds, connect=min(LONGEST_CONNECTING, seconds * 0.8))


def _envelope(content: str) -> dict[str, Any] | None:
    """None for what does not come from the Bot API."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("ok"), bool) else None


def _no_answer(method: TelegramMethod[Any], status: int) -> Exception:
    """Something between us and Telegram has spoken: it has turned the call away, or taken it."""
    message = f"no answer of the Bot API, but HTTP {status}"
    may_be_done = status in SUCCESS and not _is_question(method)
    return (OutcomeUnknown if may_be_done else AnswerUnreadable)(method, message)


def _refusal(envelope: dict[str, Any]) -> dict[str, Any]:
    """What is needed of it, in the shape in which it is looked for."""
    parameters, description = envelope.get("parameters"), envelope.get("description")
    hints = parameters if isinstance(parameters, dict) else {}
    numbers = {
        name: hints[name]
        for name in ("retry_after", "migrate_to_chat_id")
        if type(hints.get(name)) is int
    }
    if "retry_after" in numbers:
        numbers["retry_after"] = min(numbers["retry_after"], LONGEST_WAIT)
    return {
        "ok": False,
        "description": description if isinstance(description, str) else "",
        "parameters": numbers,
    }


def _result(bot: Bot, method: TelegramMethod[Any], result: Any) -> Any:
    """What was done is done, also where its description cannot be read: it is then given back as it
    came. A question whose answer cannot be read has none: raises AnswerUnreadable.
    """
    try:
        return _reader(method.__returning__).validate_python(result, context={"bot": bot})
    except (ValidationError, RecursionError):
        if not _is_question(method):
            return result
        message = f"this version cannot read the answer to {method.__api_method__}"
        raise AnswerUnreadable(method, message) from None


def _is_question(method: TelegramMethod[Any]) -> bool:
    return method.__api_method__.startswith("get")


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return adapter(kind)


def _named(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else kind_of(error)
