"""`yabot playground`: the Telegram on this machine, alone."""

import asyncio
from typing import Annotated

import typer

from yabot.cli.context import load_settings, run_until_signalled, tell
from yabot.errors import ConfigurationError
from yabot.playground.server import PlaygroundServer
from yabot.runtime.last_resort import last_resort
from yabot.settings import ConfigManager


def playground(
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Instead of PLAYGROUND_PORT.")
    ] = None,
) -> None:
    """Run a Bot API server on this machine, with its page, for a bot that runs elsewhere."""
    # Checked first: no other setting that production asks for would make it possible.
    if ConfigManager().as_far_as_right().production:
        raise ConfigurationError(
            ["YABOT_ENV: it is production, where the playground does not run; unset it to play"]
        )
    settings = load_settings(log="all")
    server = PlaygroundServer(
        settings.data_dir / "playground.db",
        port=settings.playground_port if port is None else port,
    )
    run_until_signalled(lambda stop: _serve(server, stop), on_signal=last_resort.end_at_last)


async def _serve(server: PlaygroundServer, stop: asyncio.Event) -> None:
    await server.start()
    tell(f"Play at           {server.url}")
    tell(f"TELEGRAM_API_URL  {server.url}")
    tell(f"BOT_TOKEN         {server.bot_token}")
    try:
        await stop.wait()
    finally:
        await server.stop()
