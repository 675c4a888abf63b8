"""Whoever takes our updates away is noticed, named and told; what is not ours is left alone."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic

import pytest
from aiogram.exceptions import TelegramConflictError

from tests.bot.intake.house import DOORS, House, housed, webhook_settings
from tests.e2e.fork_server import ForkServer
from tests.e2e.meddler import meddling_with
from tests.e2e.program import Program
from tests.e2e.reader import readers
from tests.playground.receiver import receiving
from tests.ports import free_port
from tests.waiting import PATIENCE, until, wait_until
from yabot.cli.doctor import examine
from yabot.cli.probes import Check
from yabot.settings import ConfigManager

# Each has a program and a Telegram of its own, which does not do as it should.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unhurried")]

NewHouse = Callable[..., House]
# Seconds for which a flooded Telegram is not to be asked again.
ASKED_FOR = 6


@pytest.fixture
def new_house(
    forks: ForkServer, tmp_path: Path, mongodb_uri: str, redis_db: str
) -> Iterator[NewHouse]:
    with ExitStack() as stack:

        def new(door: str, **more: str) -> House:
            return stack.enter_context(housed(door, forks, tmp_path, mongodb_uri, redis_db, **more))

        yield new


def disturbances(house: House) -> dict[str, str]:
    """What the log has told, each with its reason."""
    lines = house.program.logged("intake.disturbed")
    return {line["disturbance"]: line["reason"] for line in lines}


def failed_loops(house: House) -> set[str]:
    return {line["loop"] for line in house.program.logged("loop.failed")}


async def doctors_word(house: House) -> Check:
    manager = ConfigManager(house.program.settings, None)
    checks = await examine(manager.load(), manager.warnings())
    return next(check for check in checks if check.name == "Telegram's deliveries")


@pytest.mark.criterion("5.4.1")
async def test_a_poller_leaves_the_webhook_of_others_alone(new_house: NewHouse) -> None:
    house = await asyncio.to_thread(new_house, "polling")
    async with (
        readers(house.url, "Ana") as (ana,),
        house.other_hand() as bot,
        receiving() as receiver,
    ):
        await ana.ask("/start")
        await bot.set_webhook(receiver.url)
        await asyncio.to_thread(wait_until, lambda: house.component("intake") == "failed")
        assert (await asyncio.to_thread(house.program.health, "ready"))[0] == 503
        reason = disturbances(house)["foreign_webhook"]
        assert "127.0.0.1" in reason
        assert "yabot webhook remove" in reason
        # Also not after a start.
        assert await asyncio.to_thread(house.program.stop) == 0
        seen = len(house.program.logged("intake.disturbed"))
        await asyncio.to_thread(house.program.launch)
        await asyncio.to_thread(
            wait_until, lambda: len(house.program.logged("intake.disturbed")) > seen
        )
        assert (await bot.get_webhook_info()).url == receiver.url
        word = await doctors_word(house)
        assert word.state == "warning"
        assert "yabot webhook remove" in word.message
        await bot.delete_webhook()
        await ana.ask("/help")
        assert house.component("intake") == house.component("telegram") == "ok"
        # The administrator is told once there is a way to Telegram.
        await ana.client.wait_for(house.admin, lambda chat: "Estoy sordo" in str(chat), PATIENCE)


@pytest.mark.criterion("5.4.1")
async def test_two_pollers_are_told_of(new_house: NewHouse) -> None:
    house = await asyncio.to_thread(new_house, "polling")
    async with readers(house.url, "Ana") as (ana,), house.other_hand() as bot:
        await ana.ask("/start")

        async def conflict_is_seen() -> bool:
            with suppress(TelegramConflictError):
                await bot.get_updates(timeout=1)
            return house.component("intake") == "degraded"

        await until(conflict_is_seen)
        assert "same BOT_TOKEN" in disturbances(house)["another_poller"]
        await ana.ask("/help")
        await ana.client.wait_for(house.admin, lambda chat: "Somos dos" in str(chat), PATIENCE)
    assert house.component("intake") == "degraded"


@pytest.mark.criterion("5.4.1")
async def test_a_webhook_that_was_taken_away_is_set_again(new_house: NewHouse) -> None:
    house = await asyncio.to_thread(new_house, "webhook")
    ours = house.program.settings["WEBHOOK_URL"]
    async with (
        readers(house.url, "Ana") as (ana,),
        house.other_hand() as bot,
        receiving() as receiver,
    ):

        async def is_ours_again() -> bool:
            return (await bot.get_webhook_info()).url == ours

        await until(is_ours_again)
        await ana.ask("/start")
        for take_away in (bot.delete_webhook(), bot.set_webhook(receiver.url)):
            await take_away
            await until(is_ours_again)
            await ana.ask("/help")
        assert "same BOT_TOKEN" in disturbances(house)["webhook_taken"]
        assert len(house.program.logged("webhook.taken")) == 2
        await ana.client.wait_for(
            house.admin, lambda chat: "quita el webhook" in str(chat), PATIENCE
        )


async def test_what_nobody_has_foreseen_does_not_end_the_taking_of_updates(
    new_house: NewHouse,
) -> None:
    house = await asyncio.to_thread(new_house, "webhook")
    stores, ours = house.program.stores, house.program.settings["WEBHOOK_URL"]
    async with readers(house.url, "Ana") as (ana,), house.other_hand() as bot:

        async def is_ours() -> bool:
            return (await bot.get_webhook_info()).url == ours

        await until(is_ours)
        await ana.ask("/start")
        stores.change("ALTER TABLE own_webhooks RENAME TO mislaid")
        await bot.delete_webhook()
        await asyncio.to_thread(wait_until, lambda: "updates" in failed_loops(house))
        assert house.component("telegram") == "failed"
        stores.change("ALTER TABLE mislaid RENAME TO own_webhooks")
        await until(is_ours)
        await asyncio.to_thread(wait_until, lambda: house.component("telegram") == "ok")
        await ana.ask("/help")


@pytest.mark.criterion("5.4.1")
async def test_what_cannot_be_delivered_is_told(new_house: NewHouse) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/telegram"
    house = await asyncio.to_thread(new_house, "polling")
    async with readers(house.url, "Ana") as (ana,):
        # By then the program knows whom to tell.
        await ana.ask("/start")
        assert await asyncio.to_thread(house.program.stop) == 0
        house.program.settings |= webhook_settings() | {"WEBHOOK_URL": nobody}
        await asyncio.to_thread(house.program.start)
        await ana.send("/start")
        await asyncio.to_thread(wait_until, lambda: house.component("intake") == "degraded")
        told = "Hay actualizaciones esperando en Telegram"
        await ana.client.wait_for(house.admin, lambda chat: told in str(chat), PATIENCE)
    assert "Connection refused" in disturbances(house)["deliveries_fail"]
    word = await doctors_word(house)
    assert word.state == "warning"
    assert "Connection refused" in word.message


@pytest.mark.criterion("5.4.1")
async def test_a_webhook_that_telegram_does_not_take_yet_is_set_while_running(
    new_house: NewHouse,
) -> None:
    """As long as Telegram asks for is waited, and not once is it asked before."""
    house = await asyncio.to_thread(new_house, "polling")
    async with readers(house.url, "Ana") as (ana,), house.other_hand() as bot:
        await ana.ask("/start")
        assert await asyncio.to_thread(house.program.stop) == 0
        house.program.settings |= webhook_settings()
        await ana.client.faults({"kind": "flood", "method": "setWebhook", "retry_after": ASKED_FOR})
        began = monotonic()
        await asyncio.to_thread(house.program.start)
        # Meanwhile it polls.
        await ana.ask("/help")
        assert house.component("intake") == "degraded"

        async def tries() -> int:
            (flood,) = (await ana.client.present_faults())["faults"]
            return int(flood["hits"])

        async def has_tried_again() -> bool:
            return await tries() > 1

        await until(has_tried_again)
        pauses = await tries() - 1
        assert monotonic() - began >= pauses * ASKED_FOR
        await ana.client.clear_faults()

        async def is_set() -> bool:
            return (await bot.get_webhook_info()).url == house.program.settings["WEBHOOK_URL"]

        await until(is_set)
        await ana.ask("/help")
        await asyncio.to_thread(wait_until, lambda: house.component("intake") == "ok")
        await ana.client.wait_for(house.admin, lambda chat: "Sin webhook" in str(chat), PATIENCE)


@pytest.mark.criterion("5.4.1")
@pytest.mark.parametrize("door", DOORS)
async def test_a_token_that_was_revoked_is_named(new_house: NewHouse, door: str) -> None:
    """Nothing can be told by Telegram, and nothing comes from there."""
    house = await asyncio.to_thread(new_house, door, POLLING_TIMEOUT="1")
    program = house.program
    async with readers(house.url, "Ana") as (ana,):
        await ana.ask("/start")
        assert await asyncio.to_thread(program.stop) == 0
        with meddling_with(house.url) as meddler:
            program.settings["TELEGRAM_API_URL"] = meddler.url
            await asyncio.to_thread(program.start)
            await ana.ask("/help")
            meddler.is_revoked = True
            await asyncio.to_thread(wait_until, lambda: house.component("telegram") == "failed")
            assert (await asyncio.to_thread(program.health, "ready"))[0] == 503
            assert _told_of_revocation(program)
            meddler.is_revoked = False
            await asyncio.to_thread(wait_until, lambda: house.component("telegram") == "ok")
            await ana.ask("/help")
            assert await asyncio.to_thread(program.stop) == 0


@pytest.mark.criterion("5.4.1")
async def test_a_token_that_is_revoked_before_the_webhook_is_set_is_named(
    new_house: NewHouse,
) -> None:
    house = await asyncio.to_thread(new_house, "webhook")
    program = house.program
    async with readers(house.url, "Ana") as (ana,):
        await ana.ask("/start")
        assert await asyncio.to_thread(program.stop) == 0
        with meddling_with(house.url) as meddler:
            program.settings["TELEGRAM_API_URL"] = meddler.url
            meddler.revoked_at = "setWebhook"
            program.launch()
            await asyncio.to_thread(wait_until, lambda: _told_of_revocation(program))
            meddler.revoked_at, meddler.is_revoked = None, False
            assert await asyncio.to_thread(program.stop) == 0


def _told_of_revocation(program: Program) -> bool:
    told = program.logged("health.changed")
    return any("was revoked" in str(line["reason"]) for line in told)
