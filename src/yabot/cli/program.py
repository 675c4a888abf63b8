"""`yabot run` and `yabot playground`: what runs until it is stopped."""

import asyncio
from typing import Annotated, get_args

import typer

from yabot.app.application import ALL_ROLES, BotApplication, Role
from yabot.app.features import FEATURES
from yabot.cli.context import load_settings, run_until_signalled
from yabot.cli.starting import told_in_log
from yabot.errors import ConfigurationError
from yabot.playground.server import PlaygroundServer
from yabot.settings import ConfigManager


def run(
    role: Annotated[
        list[str] | None, typer.Option(help="bot, api or worker; may repeat. None means all.")
    ] = None,
) -> None:
    """Run the bot. In development, without BOT_TOKEN, with a playground to try it in."""
    roles = _roles(role or [])
    with told_in_log():
        application = BotApplication(load_settings(), FEATURES, roles, typer.echo)
        run_until_signalled(application.serve)


def playground(
    port: Annotated[int | None, typer.Option(help="Instead of PLAYGROUND_PORT.")] = None,
) -> None:
    """Run a Bot API server on this machine, with its page, for a bot that runs elsewhere."""
    # First: what else production asks for would not make it possible.
    if ConfigManager().as_far_as_right().production:
        raise ConfigurationError(
            ["YABOT_ENV: it is production, where the playground does not run; unset it to play"]
        )
    settings = load_settings()
    server = PlaygroundServer(
        settings.data_dir / "playground.db",
        port=settings.playground_port if port is None else port,
    )
    run_until_signalled(lambda stop: _serve(server, stop))


async def _serve(server: PlaygroundServer, stop: asyncio.Event) -> None:
    await server.start()
    typer.echo(f"Play at           {server.url}")
    typer.echo(f"TELEGRAM_API_URL  {server.url}")
    typer.echo(f"BOT_TOKEN         {server.bot_token}")
    try:
        await stop.wait()
    finally:
        await server.stop()


def _roles(names: list[str]) -> frozenset[Role]:
    wrong = [name for name in names if name not in get_args(Role)]
    if wrong:
        raise typer.BadParameter(f"'{wrong[0]}' is no role; they are bot, api and worker")
    return frozenset(role for role in get_args(Role) if role in names) or ALL_ROLES
