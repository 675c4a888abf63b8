"""`yabot webhook`: where Telegram delivers what is sent to the bot."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import WebhookInfo

from yabot.bot.telegram import connect_bot
from yabot.cli.context import load_settings
from yabot.error_text import kind_of
from yabot.errors import ConfigurationError, StartupError

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Where Telegram delivers.")


@app.callback()
def group() -> None:
    """Where Telegram delivers."""


@app.command()
def show() -> None:
    """Print what Telegram says of the webhook, as JSON."""
    info = asyncio.run(_asked(_info))
    typer.echo(info.model_dump_json(exclude_none=True))


@app.command()
def remove() -> None:
    """Take away the webhook that stands, whoever has set it. What waits at Telegram stays there."""
    asyncio.run(_asked(_remove))
    typer.echo("Telegram delivers nowhere now, and answers polls.")


async def _asked(question: Callable[[Bot], Awaitable[T]]) -> T:
    telegram = load_settings().telegram
    if telegram.token is None:
        raise ConfigurationError(["BOT_TOKEN: it is missing; the playground has no webhook"])
    bot = connect_bot(telegram.token.get_secret_value(), telegram.api_url)
    try:
        return await question(bot)
    except TelegramAPIError as error:
        raise StartupError(f"Telegram does not do it: {kind_of(error)}") from error
    finally:
        await bot.session.close()


async def _info(bot: Bot) -> WebhookInfo:
    return await bot.get_webhook_info()


async def _remove(bot: Bot) -> None:
    await bot.delete_webhook()
