"""All calls to the Bot API go through here, and all answers are read here.

aiogram reads an answer whole or not at all. Here ``"ok": true`` means that Telegram has done what
it was asked, even if the rest of the answer cannot be read.
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
# Seconds. A longer ``retry_after`` is cut to this: it may be a gateway's mistake, or in another
# unit, and must not silence the bot for ever.
LONGEST_WAIT = 24 * 3600
# Seconds, including the wait for a connection of the pool.
LONGEST_CONNECTING = 10.0
# With these errors the call cannot have reached Telegram.
NOT_CONNECTED = (ClientConnectorError, ConnectionTimeoutError)

OnTime = Callable[[datetime, float], None]
"""Gets the time at the Bot API, and the ``uptime`` at which the call was made."""


class OutcomeUnknown(TelegramNetworkError):
    """The call was sent and no answer came: Telegram may have done it or not."""


class AnswerUnreadable(TelegramServerError):
    """The answer is not the Bot API's, or this version cannot read it."""


class GetMeAsTold(GetMe):
    """Whatever is answered, it is an answer: as JSON."""

    model_config = ConfigDict(hide_input_in_errors=True)
    __returning__ = Any  # type: ignore[assignment]


class TelegramSession(AiohttpSession):
    """Its errors hold nothing of what was sent or answered, except Telegram's description."""

    def __init__(
        self, api: TelegramAPIServer, timeout: float = 60.0, on_time: OnTime | None = None
    ) -> None:
        """``timeout`` is in seconds, for calls that name none. ``on_time`` gets the time at the Bot
        API with each answer."""
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
            # Telegram never redirects, and a redirected call would lose its parameters.
            async with session.post(
                url, data=form, timeout=seconds, allow_redirects=False
            ) as answer:
                body = await answer.read()
        except NOT_CONNECTED as error:
            raise TelegramNetworkError(method, _named(error)) from error
        except (TimeoutError, ClientError, OSError) as error:
            raise OutcomeUnknown(method, _named(error)) from error
        # One damaged character must not hide the rest.
        content = body.decode("utf-8", "replace")
        response = self.check_response(bot, method, answer.status, content)
        self._tell_time(answer.headers.get("Date"), asked_at)
        return response.result

    def _tell_time(self, date: str | None, asked_at: float) -> None:
        told = _moment(date)
        if told is not None and self._on_time is not None:
            # In tests our clock may be ahead; Telegram's is not.
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
    """The time in a Date header, to the second; None if it cannot be read."""
    try:
        found = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _patience(seconds: float) -> ClientTimeout:
    """Connecting gets less time than the whole call: if it fails, the call is known not to have
    begun; a time-out of the whole tells nothing."""
    return ClientTimeout(total=seconds, connect=min(LONGEST_CONNECTING, seconds * 0.8))


def _envelope(content: str) -> dict[str, Any] | None:
    """The answer's JSON object; None if it is not from the Bot API."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("ok"), bool) else None


def _no_answer(method: TelegramMethod[Any], status: int) -> Exception:
    """The error for an answer of something between us and Telegram: it has turned the call away, or
    may have passed it on."""
    message = f"no answer of the Bot API, but HTTP {status}"
    may_be_done = status in SUCCESS and not _is_question(method)
    return (OutcomeUnknown if may_be_done else AnswerUnreadable)(method, message)


def _refusal(envelope: dict[str, Any]) -> dict[str, Any]:
    """The needed parts of a refusal, in the shape that aiogram expects."""
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
    """The result as aiogram's model. If it cannot be read, the raw result of a call that has done
    something; for a question, which then has no answer, raises AnswerUnreadable.
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
