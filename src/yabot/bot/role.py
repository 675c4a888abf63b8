"""The bot's part of the program: from Telegram to Telegram."""

import asyncio
from collections.abc import Callable, Sequence

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError
from aiogram.methods import SetMyCommands
from aiogram.types import BotCommand, Update

from yabot.bot.disturbances import Disturbances, OnDisturbed
from yabot.bot.emergency import EmergencyAnswers
from yabot.bot.endings import Endings
from yabot.bot.groups import GroupDoor
from yabot.bot.intake import Intake
from yabot.bot.limits import SendLimits
from yabot.bot.localization import DEFAULT_LANGUAGE, LANGUAGES, Texts
from yabot.bot.origins import update_type
from yabot.bot.own_webhooks import OwnWebhooks
from yabot.bot.pace import Pace
from yabot.bot.patience import pause_after
from yabot.bot.processing import UpdateProcessor
from yabot.bot.prompt import PromptAnswers
from yabot.bot.reading import Received, Unreadable
from yabot.bot.rounds import Rounds
from yabot.bot.sender import OnBlocked, Sender
from yabot.bot.shares import Shares
from yabot.bot.source import UpdateSource
from yabot.bot.telegram import AWAY
from yabot.bot.unreadable import UnreadableUpdates
from yabot.bot.waiting import WaitingUpdates
from yabot.error_text import error_text
from yabot.errors import StoreUnavailable
from yabot.events.envelope import EventPayload
from yabot.log.commit_log import CommitLog
from yabot.log.leases import Leases
from yabot.observability.logging import get_logger
from yabot.observability.metrics import GROUP_TALK
from yabot.runtime.backoff import backoff
from yabot.runtime.ending import end
from yabot.settings import TelegramSettings

log = get_logger(__name__)

# Seconds that work in progress gets when the program stops.
LAST_SWEEP = 0.5
FINISH_WORK = 2.5
FINISH_PROMPT = 0.5
FINISH_SENDING = 1.5
HAND_OVER = 0.5
# More than this waiting, and Telegram keeps the rest for us.
MOST_WAITING = 1000


class BotRole:
    """Intake, processing and sending for one bot: of all its readers, or of this process's share.

    Any process stores updates; the owner of the user's partition handles them and answers.
    """

    def __init__(
        self,
        *,
        bot: Bot,
        settings: TelegramSettings,
        dispatcher: Dispatcher,
        door: GroupDoor,
        commits: CommitLog,
        leases: Leases,
        texts: Texts,
        commands: Sequence[str],
        limits: SendLimits | None,
        on_blocked: OnBlocked,
        endings: Endings,
        on_trouble: Callable[[str | None], None],
        on_disturbed: OnDisturbed,
        tell: Callable[[EventPayload], None],
    ) -> None:
        """``on_trouble`` hears why no updates come, ``on_disturbed`` who is in their way; ``tell``
        takes events of no user's.
        """
        self._bot = bot
        self._texts = texts
        self._commands = commands
        self._door = door
        self._emergency = EmergencyAnswers(bot, texts, limits)
        self.shares = Shares(leases, commits.partitions)
        self._intake = Intake(commits.database, bot.id, commits.partitions, tell)
        self._sender = Sender(
            commits.database, bot, self.shares, limits, on_blocked, endings, tell=tell
        )
        self._processor = UpdateProcessor(
            bot=bot,
            dispatcher=dispatcher,
            intake=self._intake,
            commits=commits,
            shares=self.shares,
            texts=texts,
            pace=Pace(settings.reader_updates_at_once, settings.reader_updates_per_minute),
            is_answered=self._emergency.has_answered,
            until_recorded=self._sender.until_recorded,
            owes_too_much=self._sender.owes_too_much,
        )
        self._prompt = PromptAnswers(bot, dispatcher, self._processor, texts)
        commits.followers.append(self._sender.notice)
        commits.on_untold.append(self._sender.loop.wake)
        waiting = WaitingUpdates(self._intake)
        self._rounds = Rounds(
            self.shares,
            waiting,
            self._processor,
            self._prompt,
            self._sender,
            limits,
            on_taken_over=commits.look_again,
        )
        self._unreadable = UnreadableUpdates(self._intake, self._rounds.begin)
        allowed = dispatcher.resolve_used_update_types()
        self._source = UpdateSource(
            bot,
            settings,
            allowed,
            self.shares,
            self._receive,
            OwnWebhooks(commits.database, bot.id),
            on_trouble,
            Disturbances(on_disturbed, tell),
        )
        self._resumed = False
        self._resuming = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Raises ConfigurationError when the webhook's port is taken."""
        await self._source.start()
        self._tasks = [
            asyncio.create_task(self._resume_when_possible(), name="resume"),
            asyncio.create_task(self._publish_commands(), name="commands"),
        ]

    def retry(self) -> None:
        """SQL is back: what waits for it need not wait any longer."""
        self._source.retry()
        self._rounds.loop.retry()
        self._sender.loop.retry()

    async def stop(self) -> None:
        """Take no more, finish what runs, send what is committed; each within its seconds."""
        await self._source.stop()
        self._rounds.close()
        await end(self._tasks)
        await self._sender.loop.finish(LAST_SWEEP)
        for lanes, seconds in (
            (self._processor.lanes, FINISH_WORK),
            (self._prompt.lanes, FINISH_PROMPT),
            (self._sender.lanes, FINISH_SENDING),
        ):
            if not await lanes.drain(seconds):
                log.warning("work.left_for_next_start", jobs=lanes.waiting)
                await lanes.cancel()
        self._prompt.cancel()
        await self._rounds.leave(HAND_OVER)

    async def _resume_when_possible(self) -> None:
        for pause in backoff(first=0.2):
            try:
                await self._resume()
            except StoreUnavailable:
                await asyncio.sleep(pause)
            except Exception:
                # It would strand whatever waits, and nobody would be told.
                log.exception("resume.failed")
                await asyncio.sleep(pause)
            else:
                return

    async def _resume(self) -> None:
        """First what an earlier process left; once. Raises StoreUnavailable."""
        async with self._resuming:
            if self._resumed:
                return
            await self._rounds.run_once()
            await self._unreadable.try_again()
            self._sender.loop.start()
            if not self.shares.sole:
                self._rounds.loop.start()
            self._resumed = True

    async def _receive(self, delivered: Sequence[Received]) -> None:
        received = [entry for entry in delivered if self._is_ours(entry)]
        updates = [entry for entry in received if isinstance(entry, Update)]
        self._prompt.answer(received)
        try:
            await self._store(received)
        except StoreUnavailable:
            await self._emergency.answer(updates)
            raise
        await self._processor.lanes.until_at_most(MOST_WAITING)

    def _is_ours(self, entry: Received) -> bool:
        if isinstance(entry, Unreadable) or self._door.lets_in(entry):
            return True
        GROUP_TALK.inc()
        log.debug("group.talk_passed_over", update_type=update_type(entry))
        return False

    async def _store(self, received: Sequence[Received]) -> None:
        if not self._resumed:
            await self._resume()
        due = await self._intake.store(received)
        for update in due:
            log.debug("update.stored", update_id=update.update_id)
        await self._rounds.begin(due)

    async def _publish_commands(self) -> None:
        """Telegram's menu of commands, in each language; without it the bot works as well."""
        for language in LANGUAGES:
            t = self._texts.localizer(language)
            commands = [
                BotCommand(command=name, description=t(f"command-{name}"))
                for name in self._commands
            ]
            code = None if language == DEFAULT_LANGUAGE else language
            await self._publish(SetMyCommands(commands=commands, language_code=code))

    async def _publish(self, method: SetMyCommands) -> None:
        pauses = backoff(first=1.0, most=300.0)
        while True:
            try:
                await self._bot(method)
            except AWAY as error:
                pause = pause_after(error, pauses)
                log.warning(
                    "commands.not_published", reason=error_text(error), seconds=round(pause, 1)
                )
                await asyncio.sleep(pause)
            except AiogramError as error:
                log.warning("commands.not_published", reason=error_text(error))
                return
            else:
                return
