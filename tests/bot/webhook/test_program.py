"""The program, delivered to by webhook: registered, verified, killed, and polling when it must."""

import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.types import WebhookInfo
from aiohttp import ClientError, ClientSession

from tests.bot.webhook.listener import SECRET, message
from tests.deploy.test_certificates import openssl
from tests.e2e.invariants import settle, verify
from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.ports import free_port
from tests.waiting import wait_until
from yabot.bot.telegram import connect_bot
from yabot.bot.webhook import SECRET_HEADER

HANDLED = {
    "message",
    "callback_query",
    "message_reaction",
    "my_chat_member",
    "pre_checkout_query",
}
# The playground's own numbers stay far below.
_numbers = count(2_000_000_000)


@pytest.fixture
def webhook_settings(bot_settings: dict[str, str]) -> dict[str, str]:
    port = str(free_port())
    return bot_settings | {
        "WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
        "WEBHOOK_PORT": port,
        "WEBHOOK_SECRET": SECRET,
    }


@pytest.fixture
async def bot(bot_settings: dict[str, str]) -> AsyncIterator[Bot]:
    """Another hand on the same bot, to see what Telegram knows of it."""
    bot = connect_bot(bot_settings["BOT_TOKEN"], bot_settings["TELEGRAM_API_URL"])
    yield bot
    await bot.session.close()


def told_twice(program: Program) -> bool:
    """Whether any update's coming was told other than once."""
    query = (
        "SELECT count(*) FROM (SELECT envelope ->> 'correlation_id' AS cause, count(*) AS n"
        " FROM outbox WHERE event_type = 'update_received' GROUP BY 1) AS told WHERE n <> 1"
    )
    return bool(program.stores.value(query))


@pytest.mark.criterion("5.1.2", "5.3.2", "5.4.1")
async def test_the_story_is_played_by_webhook(
    new_program: NewProgram,
    telegram: Program,
    webhook_settings: dict[str, str],
    bot: Bot,
    tmp_path: Path,
) -> None:
    certificate = tmp_path / "own.pem"
    openssl(
        *("req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=127.0.0.1"),
        *("-keyout", tmp_path / "own.key", "-out", certificate),
    )
    program = new_program(**webhook_settings, WEBHOOK_CERTIFICATE_PATH=str(certificate))
    program.start()
    wait_until(lambda: bool(program.logged("webhook.set")))
    info = await bot.get_webhook_info()
    assert info.url == webhook_settings["WEBHOOK_URL"]
    assert info.has_custom_certificate
    assert set(info.allowed_updates or ()) == HANDLED
    async with readers(telegram.url, "Lucía") as (lucia,):
        player = Player(program.stores, lucia)
        await player.begin()
        await player.to("street")
        verify(program.stores)
    received = program.stores.rows(
        "SELECT envelope FROM outbox WHERE event_type = 'update_received'"
    )
    payloads = [json.loads(row["envelope"])["payload"] for row in received]
    kinds = sorted(payload["update_type"] for payload in payloads)
    # /start and /story; then one press for each page on the way.
    assert kinds == ["callback_query"] * (len(kinds) - 2) + ["message"] * 2
    assert len(kinds) == program.stores.value("SELECT count(*) FROM updates") > 2
    assert not told_twice(program)
    assert SECRET not in program.errors
    assert program.stop() == 0


async def deliver(settings: dict[str, str], update: dict[str, object]) -> int:
    async with (
        ClientSession(headers={SECRET_HEADER: SECRET}) as session,
        session.post(settings["WEBHOOK_URL"], json=update) as answer,
    ):
        return answer.status


@pytest.mark.slow
@pytest.mark.criterion("5.3.2", "5.4.1")
async def test_killed_right_after_200_the_update_has_its_effect_once(
    new_program: NewProgram, telegram: Program, webhook_settings: dict[str, str]
) -> None:
    program = new_program(**webhook_settings)
    program.start()
    async with readers(telegram.url, "Ada", "Blas", "Cora") as found:
        for reader in found:
            await reader.ask("/start")
            settle(program.stores)
            known = len(program.stores.outbox(reader.user_id))
            number = next(_numbers)
            update = message(number, "/menu")
            update["message"]["from"]["id"] = update["message"]["chat"]["id"] = reader.user_id
            assert await deliver(webhook_settings, update) == 200
            program.kill9()
            assert program.stores.value("SELECT state FROM updates WHERE update_id = ?", number)
            program.start()
            await reader.until(lambda chat: "story:again" in str(chat))
            assert await deliver(webhook_settings, update) == 200
            settle(program.stores)
            events = [e["event_type"] for e in program.stores.outbox(reader.user_id)[known:]]
            assert [event for event in events if event != "user_updated"] == [
                *("update_received", "user_interaction", "operation_completed")
            ]
        verify(program.stores)


@pytest.mark.slow
async def test_telegram_keeps_what_it_delivers_before_it_has_told_who_the_bot_is(
    new_program: NewProgram, telegram: Program, webhook_settings: dict[str, str]
) -> None:
    assert telegram.stop() == 0
    program = new_program(patient=False, **webhook_settings)
    program.launch()
    program.wait_started()
    update = message(next(_numbers), "/menu")
    assert await deliver(webhook_settings, update) == 503
    telegram.launch()
    program.wait_ready()
    assert await deliver(webhook_settings, update) == 200
    assert program.stop() == 0
    assert {line["event"] for line in program.alarms()} <= {"store.lost"}


@pytest.mark.criterion("5.3.2", "5.4.1")
async def test_redelivery_reordering_and_bursts_are_harmless(
    new_program: NewProgram, telegram: Program, webhook_settings: dict[str, str]
) -> None:
    program = new_program(**webhook_settings)
    program.start()
    wait_until(lambda: bool(program.logged("webhook.set")))
    async with readers(telegram.url, "Ada", "Blas", "Cora") as found:
        for reader in found:
            await reader.ask("/start")
        await found[0].client.faults(
            {"kind": "duplicate", "probability": 0.7},
            {"kind": "reorder", "probability": 0.5, "seconds": 0.2},
            {"kind": "burst", "seconds": 0.3},
            {"kind": "drop_after", "method": "sendMessage", "probability": 0.2},
            seed=3,
        )
        for command in ("/story", "/menu", "/help", "/story"):
            for reader in found:
                await reader.send(command)
        for reader in found:
            await reader.touch("story")
        wait_until(lambda: program.stores.value("SELECT count(*) FROM updates") == 3 * 6)
        await found[0].client.clear_faults()
        verify(program.stores)
        assert not told_twice(program)


async def test_setting_it_is_tried_again_while_telegram_is_away(
    new_program: NewProgram, telegram: Program, webhook_settings: dict[str, str], bot: Bot
) -> None:
    async with readers(telegram.url, "Ada") as (ada,):
        await ada.client.faults({"kind": "server_error", "method": "setWebhook", "count": 2})
        program = new_program(**webhook_settings)
        program.start()
        wait_until(lambda: bool(program.logged("webhook.set")))
        assert len(program.logged("webhook.not_yet_set")) == 2
        await ada.ask("/start")
        assert (await bot.get_webhook_info()).url == webhook_settings["WEBHOOK_URL"]


@pytest.mark.criterion("5.4.1")
async def test_it_polls_when_telegram_refuses_the_webhook(
    new_program: NewProgram, telegram: Program, webhook_settings: dict[str, str]
) -> None:
    """The playground calls nobody but this machine."""
    refused = {"WEBHOOK_URL": "https://bot.example.org/telegram"}
    program = new_program(**(webhook_settings | refused))
    program.start()
    async with readers(telegram.url, "Ada") as (ada,):
        player = Player(program.stores, ada)
        await player.begin()
        await player.to("envelope")
        verify(program.stores)
    (reason,) = program.logged("webhook.not_set")
    assert "bad webhook" in reason["reason"]
    assert program.logged("webhook.polling_instead")
    assert not told_twice(program)


@pytest.mark.criterion("5.4.1")
async def test_it_polls_again_where_a_webhook_was(
    new_program: NewProgram,
    telegram: Program,
    webhook_settings: dict[str, str],
    bot_settings: dict[str, str],
    bot: Bot,
) -> None:
    program = new_program(**webhook_settings)
    program.start()
    async with readers(telegram.url, "Ada") as (ada,):
        await ada.ask("/start")
        assert program.stop() == 0
        await ada.send("/help")
        polling = new_program(**bot_settings)
        polling.start()
        chat = await ada.until(lambda chat: len(chat) >= 4)
        assert "/story" in chat[-1]["text"]
    info: WebhookInfo = await bot.get_webhook_info()
    assert info.url == ""


@pytest.mark.criterion("rel.4")
async def test_the_listener_shows_that_it_lives_and_nothing_more(
    new_program: NewProgram, telegram: Program, webhook_settings: dict[str, str]
) -> None:
    program = new_program(**webhook_settings)
    program.start()
    base = webhook_settings["WEBHOOK_URL"].removesuffix("/telegram")
    async with ClientSession() as session:
        for path, status in (("/health/live", 200), ("/health/ready", 404), ("/metrics", 404)):
            async with session.get(base + path) as answer:
                assert answer.status == status
    assert program.stop() == 0
    with pytest.raises(ClientError):
        await deliver(webhook_settings, message(1))
