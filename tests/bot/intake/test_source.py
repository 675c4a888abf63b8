"""Who takes updates tells what is in the way; who only stands by does not."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiogram import Bot

from tests.bot.sender.recorder import Call, Recorder, Refusal, Script
from tests.log.members import Member
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import until
from yabot.bot.identity import Identity
from yabot.bot.intake_health import IntakeHealth
from yabot.bot.leadership import Leadership
from yabot.bot.own_webhooks import OwnWebhooks
from yabot.bot.polling import LONE_CONFLICTS
from yabot.bot.reading import Received
from yabot.bot.source import UpdateSource
from yabot.events.envelope import EventPayload
from yabot.observability.health import Status
from yabot.settings import ConfigManager
from yabot.storage.relational.database import Database

CONFLICT = Refusal(409, "Conflict: terminated by other getUpdates request; make sure that …")


@dataclass
class Heard:
    """What health and administrators have been told last, and in all."""

    trouble: str | None = None
    intake: tuple[Status, str | None] = ("ok", None)
    told: list[EventPayload] = field(default_factory=list)

    def take_trouble(self, reason: str | None) -> None:
        self.trouble = reason

    def take_intake(self, status: Status, reason: str | None) -> None:
        self.intake = status, reason


@asynccontextmanager
async def listening(
    bot: Bot, recorder: Recorder, member: Member, heard: Heard
) -> AsyncIterator[Leadership]:
    recorder.results["getMe"] = {"id": bot.id, "is_bot": True, "first_name": "Y", "username": "y"}
    recorder.results["getWebhookInfo"] = {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": 0,
    }
    identity, leadership = Identity(bot), Leadership(member.assignment)
    source = UpdateSource(
        bot,
        identity,
        ConfigManager({"POLLING_TIMEOUT": "0"}, None).load().telegram,
        ["message"],
        PARTITIONS,
        leadership,
        OwnWebhooks(member.database, bot.id),
        heard.take_trouble,
        IntakeHealth(heard.take_intake, heard.told.append),
    )

    async def receive(_updates: Sequence[Received]) -> None:
        raise AssertionError("nothing comes")

    await identity.start(0.0)
    await source.start(receive)
    try:
        yield leadership
    finally:
        await source.stop()
        await identity.stop()


async def opened(new: NewDatabase) -> Database:
    database = new()
    await database.open()
    return database


async def test_who_leads_no_more_is_in_no_trouble(
    bot: Bot, recorder: Recorder, new_postgres: NewDatabase
) -> None:
    """Else it would never be ready again: another one polls."""
    recorder.results["getUpdates"], recorder.script = [], in_conflict(None)
    one, heard = Member(await opened(new_postgres)), Heard()
    async with listening(bot, recorder, one, heard) as leadership:
        await one.look()

        async def shows() -> bool:
            return heard.trouble is not None and heard.intake[0] == "degraded"

        await until(shows)
        while leadership.leading.is_set():
            # Whose name comes first leads.
            await Member(one.database).look()
            await one.look()

        async def is_well() -> bool:
            return heard.trouble is None and heard.intake == ("ok", None)

        await until(is_well)


async def test_a_conflict_or_two_are_no_other_program(
    bot: Bot, recorder: Recorder, new_postgres: NewDatabase
) -> None:
    recorder.results["getUpdates"], recorder.script = [], in_conflict(LONE_CONFLICTS)
    one, heard = Member(await opened(new_postgres)), Heard()
    async with listening(bot, recorder, one, heard):
        await one.look()
        await recorder.until(lambda: any(call.method == "getUpdates" for call in recorder.taken))
    assert heard.told == []
    assert heard.intake == ("ok", None)


def in_conflict(times: int | None) -> Script:
    """So often, or for ever, another one has polled meanwhile."""
    polls = 0

    def refuse(call: Call) -> Refusal | None:
        nonlocal polls
        if call.method != "getUpdates":
            return None
        polls += 1
        return CONFLICT if times is None or polls <= times else None

    return refuse
