"""Puts the bot's role together, with Telegram or the playground."""

from contextlib import AsyncExitStack
from functools import partial

from aiogram import Bot

from yabot.app.assembly import (
    build_dispatcher,
    build_failed_messages,
    build_loops,
    build_on_blocked,
)
from yabot.app.foundation import FIRST_ANSWER, Foundation
from yabot.bot.command_menu import CommandMenu
from yabot.bot.emergency import EmergencyAnswers
from yabot.bot.identity import Identity
from yabot.bot.intake import Intake
from yabot.bot.intake_health import IntakeHealth
from yabot.bot.leadership import Leadership
from yabot.bot.limits import SendLimits
from yabot.bot.own_webhooks import OwnWebhooks
from yabot.bot.pace import Pace
from yabot.bot.partition_work import EVERY, GROUP, PartitionWork
from yabot.bot.pre_checkout import PreCheckoutAnswers
from yabot.bot.processing import UpdateProcessor
from yabot.bot.role import BotRole
from yabot.bot.sender import Sender
from yabot.bot.source import UpdateSource
from yabot.bot.telegram import connect_bot
from yabot.bot.unreadable_updates import UnreadableUpdates
from yabot.bot.waiting import WaitingUpdates
from yabot.log.assignment import Assignment
from yabot.runtime.importing import imported


class BotStart:
    """Starts the role in two steps, both undone by ``stack``. Telegram's first answer must tell the
    time before anything depends on the clock; and what must stop first starts last.
    """

    def __init__(self) -> None:
        self._connected: tuple[Bot, Identity] | None = None

    async def connect(self, base: Foundation, stack: AsyncExitStack) -> list[str]:
        """Connect to Telegram. Returns the line with the playground's address, if there is one."""
        bot, lines = await _connect(base, stack)
        stack.push_async_callback(bot.session.close)
        base.health.report("telegram", "ok")
        identity = Identity(bot, base.reporter("telegram", "failed"))
        await identity.start(FIRST_ANSWER)
        stack.push_async_callback(identity.stop)
        self._connected = bot, identity
        return lines

    async def start(self, base: Foundation, stack: AsyncExitStack) -> list[str]:
        """Start the role; to be called after ``connect``."""
        assert self._connected is not None
        await _start(base, stack, *self._connected)
        return []


async def _start(base: Foundation, stack: AsyncExitStack, bot: Bot, identity: Identity) -> None:
    base.health.report("intake", "ok")
    partitions = base.services.commits.partitions
    assignment = Assignment(GROUP, partitions, base.leases(), every=EVERY)
    leadership = Leadership(assignment)
    role = _role(base, bot, identity, assignment, leadership)
    base.readers_wait.append(lambda: role.readers_wait)
    sql = base.watches["sql"]
    sql.on_restored.append(lambda _downtime: role.retry())
    for loop in role.loops:
        base.observe(loop, sql)
    await role.start()
    stack.push_async_callback(role.stop)
    for loop in build_loops(base.features, base.services, bot):
        leadership.run_while_leading(loop)
        base.start_loop(loop, sql)
        # Stopped at once, while Telegram can still be called; the next start finds what is left.
        stack.push_async_callback(loop.finish, 0)


async def _connect(base: Foundation, stack: AsyncExitStack) -> tuple[Bot, list[str]]:
    telegram, on_time = base.settings.telegram, base.services.clock.hear
    if telegram.token is not None:
        api_url = str(telegram.api_url) if telegram.api_url else None
        return connect_bot(telegram.token.get_secret_value(), api_url, on_time), []
    await imported("yabot.app.playground")
    from yabot.app.playground import open_playground

    playground = await open_playground(base, stack)
    bot = connect_bot(playground.bot_token, playground.url, on_time)
    return bot, [f"Play at  {playground.url}"]


def _role(
    base: Foundation,
    bot: Bot,
    identity: Identity,
    assignment: Assignment,
    leadership: Leadership,
) -> BotRole:
    features, services, settings = base.features, base.services, base.settings.telegram
    commits, texts = services.commits, services.texts
    dispatcher, door = build_dispatcher(features, services, identity.require)
    limits = None if base.settings.playground else SendLimits()
    intake = Intake(commits.database, bot.id, commits.partitions, base.incidents.tell)
    emergency = EmergencyAnswers(bot, texts, limits)
    sender = _sender(base, bot, assignment, limits)
    processor = UpdateProcessor(
        bot=bot,
        dispatcher=dispatcher,
        intake=intake,
        commits=commits,
        assignment=assignment,
        texts=texts,
        pace=Pace(settings.reader_updates_at_once, settings.reader_updates_per_minute),
        is_answered=emergency.has_answered,
        until_recorded=sender.until_recorded,
        owes_too_much=sender.owes_too_much,
        documents=services.documents.gate,
    )
    pre_checkout = PreCheckoutAnswers(bot, dispatcher, processor, texts)
    partition_work = PartitionWork(
        assignment,
        WaitingUpdates(intake),
        processor,
        pre_checkout,
        sender,
        limits,
        on_taken_over=commits.look_again,
    )
    return BotRole(
        identity=identity,
        source=_source(base, bot, identity, leadership, dispatcher.resolve_used_update_types()),
        door=door,
        assignment=assignment,
        intake=intake,
        emergency=emergency,
        processor=processor,
        pre_checkout=pre_checkout,
        sender=sender,
        partition_work=partition_work,
        unreadable=UnreadableUpdates(intake, partition_work.begin),
        menu=CommandMenu(bot, texts, services.commands),
    )


def _sender(
    base: Foundation, bot: Bot, assignment: Assignment, limits: SendLimits | None
) -> Sender:
    """The sender, which is told of all commits from now on."""
    commits = base.services.commits
    sender = Sender(
        commits.database,
        bot,
        assignment,
        limits,
        build_on_blocked(base.features, base.services),
        build_failed_messages(base.features, base.services),
        tell=base.incidents.tell,
        clock=base.services.clock,
    )
    commits.followers.append(sender.notice)
    commits.on_untold.append(sender.loop.wake)
    return sender


def _source(
    base: Foundation,
    bot: Bot,
    identity: Identity,
    leadership: Leadership,
    update_types: list[str],
) -> UpdateSource:
    commits = base.services.commits
    return UpdateSource(
        bot,
        identity,
        base.settings.telegram,
        update_types,
        commits.partitions,
        leadership,
        OwnWebhooks(commits.database, bot.id),
        base.reporter("telegram", "failed"),
        IntakeHealth(partial(base.health.report, "intake"), base.incidents.tell),
    )
