"""`yabot run`: the program, until it is stopped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from yabot.app.application import ALL_ROLES, BotApplication, Role
from yabot.cli.context import load_settings, run_until_signalled
from yabot.cli.starting import told_in_log

if TYPE_CHECKING:
    from yabot.feature import Feature


def run(
    role: Annotated[
        list[str] | None, typer.Option(help="bot, api or worker; may repeat. None means all.")
    ] = None,
) -> None:
    """Run the bot. In development, without BOT_TOKEN, with a playground to try it in."""
    roles = _roles(role or [])
    with told_in_log():
        application = BotApplication(load_settings(), _features, roles, typer.echo)
        run_until_signalled(application.serve)


def _features() -> Sequence[Feature]:
    from yabot.app.features import FEATURES

    return FEATURES


def _roles(names: list[str]) -> frozenset[Role]:
    wrong = [name for name in names if name not in get_args(Role)]
    if wrong:
        raise typer.BadParameter(f"'{wrong[0]}' is no role; they are bot, api and worker")
    return frozenset(role for role in get_args(Role) if role in names) or ALL_ROLES
