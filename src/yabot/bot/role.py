"""The bot's part of the program: from Telegram to Telegram."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramUnauthorizedError
from aiogram.types import BotCommand, Update
from aiogram.types import User as TelegramUser

from yabot.bot.emergency import EmergencyAnswers
from yabot.bot.intake import Intake
from yabot.bot.limits import SendLimits
from yabot.bot.localization import DEFAULT_LANGUAGE, LANGUAGES, Texts
from yabot.bot.polling import Polling
from yabot.bot.processing import UpdateProcessor
from yabot.bot.sender import OnBlocked, Sender
from yabot.bot.webhook import WebhookHandler, register_webhook
from yabot.errors import ConfigurationError, StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.http import HttpServer
from yabot.settings import TelegramSettings
from yabot.storage.relational.commit_log import CommitLog

log = get_logger(__name__)

T = TypeVar("T")

# Seconds that work in progress gets when the program stops.
FINISH_WORK = 2.5
FINISH_SENDING = 1.5
# More than this waiting, and Telegram keeps the rest for us.
MOST_WAITING = 1000


def connect_bot(token: str, api_url: str | None) -> Bot:
    """``api_url`` is the base of another Bot API server; None is Telegram's own."""
    api = TelegramAPIServer.from_base(api_url) if api_url else PRODUCTION
    return Bot(
        token, session=AiohttpSession(api=api), default=DefaultBotProperties(parse_mode="HTML")
    )


async def identify(bot: Bot) -> TelegramUser:
    """Who the token says we are; waits for Telegram as long as it does not answer.

    Raises ConfigurationError when Telegram refuses the token.
    """
    for pause in backoff(first=0.5, most=15.0):
        try:
            return await bot.get_me()
        except TelegramUnauthorizedError as error:
            raise ConfigurationError(
                ["BOT_TOKEN: Telegram refuses it; copy it again from @BotFather"]
            ) from error
        except TelegramAPIError as error:
            log.warning("telegram.away", reason=str(error), seconds=round(pause, 1))
            await asyncio.sleep(pause)
    raise AssertionError("backoff is endless")


class BotRole:
    """Intake, processing and sending for one bot."""

    def __init__(
        self,
        *,
        bot: Bot,
        settings: TelegramSettings,
        dispatcher: Dispatcher,
        commits: CommitLog,
        texts: Texts,
        commands: Sequence[str],
        limits: SendLimits | None,
        on_blocked: OnBlocked,
        on_trouble: Callable[[str | None], None],
    ) -> None:
        self._bot = bot
        self._settings = settings
        self._texts = texts
        self._commands = commands
        self._allowed_updates = dispatcher.resolve_used_update_types()
        self._emergency = EmergencyAnswers(bot, texts)
        self._intake = Intake(commits.database, bot.id, commits.partitions)
        self._processor = UpdateProcessor(
            bot=bot,
            dispatcher=dispatcher,
            intake=self._intake,
            commits=commits,
            texts=texts,
            is_answered=self._emergency.has_answered,
        )
        self._sender = Sender(commits.database, bot, limits, on_blocked)
        commits.followers.append(self._sender.notice)
        self._on_trouble = on_trouble
        self._resumed = False
        self._webhook: HttpServer | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Raises ConfigurationError when the webhook's port is taken."""
        secret = _webhook_secret(self._settings)
        if self._settings.webhook_url is not None:
            self._webhook = self._listener(urlsplit(self._settings.webhook_url).path or "/", secret)
            await self._webhook.start()
        self._tasks = [
            asyncio.create_task(self._take_updates(secret), name="updates"),
            asyncio.create_task(self._publish_commands(), name="commands"),
        ]

    async def stop(self) -> None:
        """Take no more, finish what runs, send what is committed; each within its seconds."""
        if self._webhook is not None:
            await self._webhook.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lanes, seconds in (
            (self._processor.lanes, FINISH_WORK),
            (self._sender.lanes, FINISH_SENDING),
        ):
            if not await lanes.drain(seconds):
                log.warning("work.left_for_next_start", jobs=lanes.waiting)
                await lanes.cancel()

    def _listener(self, path: str, secret: str) -> HttpServer:
        app = WebhookHandler(path, secret, self._receive).app()
        settings = self._settings
        return HttpServer(
            app, settings.webhook_host, settings.webhook_port, variable="WEBHOOK_PORT"
        )

    async def _take_updates(self, secret: str) -> None:
        await self._resume()
        if self._webhook is not None:
            if await register_webhook(self._bot, self._settings, secret, self._allowed_updates):
                return
            log.warning("webhook.polling_instead")
        polling = Polling(
            self._bot,
            self._receive,
            timeout=self._settings.polling_timeout,
            limit=self._settings.polling_limit,
            on_trouble=self._on_trouble,
        )
        await polling.run(self._allowed_updates)

    async def _resume(self) -> None:
        """First what an earlier process left."""
        await _once_sql_answers(self._sender.resume)
        for update in await _once_sql_answers(self._intake.resume):
            self._processor.submit(update)
        self._resumed = True

    async def _receive(self, updates: Sequence[Update]) -> None:
        try:
            await self._store(updates)
        except StoreUnavailable:
            await self._emergency.answer(updates)
            raise
        await self._processor.lanes.until_at_most(MOST_WAITING)

    async def _store(self, updates: Sequence[Update]) -> None:
        if not self._resumed:
            raise StoreUnavailable("SQL", "it has not answered since the start")
        for update in await self._intake.store(updates):
            log.debug("update.stored", update_id=update.update_id)
            self._processor.submit(update)

    async def _publish_commands(self) -> None:
        """Telegram's menu of commands, in each language; without it the bot works as well."""
        try:
            for language in LANGUAGES:
                t = self._texts.localizer(language)
                commands = [
                    BotCommand(command=name, description=t(f"command-{name}"))
                    for name in self._commands
                ]
                code = None if language == DEFAULT_LANGUAGE else language
                await self._bot.set_my_commands(commands, language_code=code)
        except TelegramAPIError as error:
            log.warning("commands.not_published", reason=str(error))


def _webhook_secret(settings: TelegramSettings) -> str:
    """WEBHOOK_SECRET, or one for this start alone: nobody else is to deliver updates."""
    given = settings.webhook_secret
    return given.get_secret_value() if given else secrets.token_urlsafe(32)


async def _once_sql_answers(call: Callable[[], Awaitable[T]]) -> T:
    for pause in backoff(first=0.2):
        try:
            return await call()
        except StoreUnavailable:
            await asyncio.sleep(pause)
    raise AssertionError("backoff is endless")
