"""What Telegram is told of the webhook, and what is made of its answers."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from structlog.testing import capture_logs

from tests.bot.sender.recorder import Recorder
from yabot.bot.registration import NotAsAsked, register_webhook
from yabot.settings import TelegramSettings

pytestmark = pytest.mark.criterion("5.4.1")

URL = "https://bot.example.org/telegram"
HANDLED = ["message", "callback_query"]


def info(**changes: Any) -> dict[str, Any]:
    """What Telegram remembers when all is well."""
    remembered = {"url": URL, "has_custom_certificate": True, "allowed_updates": HANDLED}
    return {"pending_update_count": 0, **remembered, **changes}


@pytest.fixture
def recorder(recorder: Recorder) -> Recorder:
    recorder.results = {"setWebhook": True, "getWebhookInfo": info()}
    return recorder


@pytest.fixture
def settings(tmp_path: Path) -> TelegramSettings:
    certificate = tmp_path / "own.pem"
    certificate.write_text("-----BEGIN CERTIFICATE-----")
    return TelegramSettings(
        webhook_url=URL,
        webhook_certificate_path=certificate,
        webhook_ip_address="203.0.113.7",
        webhook_max_connections=12,
    )


async def test_telegram_is_told_everything(
    recorder: Recorder, bot: Bot, settings: TelegramSettings
) -> None:
    await register_webhook(bot, settings, "the-secret", HANDLED)
    told = recorder.parameters["setWebhook"]
    assert told["url"] == URL
    assert told["secret_token"] == "the-secret"
    assert json.loads(told["allowed_updates"]) == HANDLED
    assert told["ip_address"] == "203.0.113.7"
    assert told["max_connections"] == "12"
    attached = told[told["certificate"].removeprefix("attach://")]
    assert attached == b"-----BEGIN CERTIFICATE-----"
    # What readers have sent meanwhile is theirs.
    assert "drop_pending_updates" not in told


async def test_the_log_names_the_place_and_not_the_path(
    bot: Bot, settings: TelegramSettings
) -> None:
    """Which may be the secret of whoever has chosen it."""
    logging.getLogger("yabot").setLevel(logging.INFO)
    with capture_logs() as lines:
        await register_webhook(bot, settings, "the-secret", HANDLED)
    (line,) = [line for line in lines if line["event"] == "webhook.set"]
    assert line["place"] == "bot.example.org"
    assert "telegram" not in json.dumps(lines)


@pytest.mark.parametrize(
    ("remembered", "reason"),
    [
        (info(url=""), "Telegram has kept no webhook"),
        (info(url="https://other.example/secret"), "another address, at other.example"),
        (info(has_custom_certificate=False), "has not kept WEBHOOK_CERTIFICATE_PATH"),
        (info(allowed_updates=["message"]), "will deliver ['message']"),
        (info(allowed_updates=None), "will deliver None"),
    ],
)
async def test_what_telegram_remembers_is_held_against_it(
    recorder: Recorder,
    bot: Bot,
    settings: TelegramSettings,
    remembered: dict[str, Any],
    reason: str,
) -> None:
    recorder.results["getWebhookInfo"] = remembered
    with pytest.raises(NotAsAsked) as told:
        await register_webhook(bot, settings, "the-secret", HANDLED)
    assert str(told.value).endswith(reason)
    assert "secret" not in str(told.value)
