"""All commands of the console script, in one place; each is imported when it is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from yabot.runtime.importing import importing


@dataclass(frozen=True, slots=True)
class Outline:
    """What `yabot --help` says of a command, and where the command is.

    ``function`` is a function of the module; without it, the module's ``app`` is a group of
    commands.
    """

    module: str
    help: str
    function: str | None = None


COMMANDS: Mapping[str, Outline] = {
    "run": Outline(
        "program",
        "Run the bot. In development, without BOT_TOKEN, with a playground to try it in.",
        "run",
    ),
    "playground": Outline(
        "playing",
        "Run a Bot API server on this machine, with its page, for a bot that runs elsewhere.",
        "playground",
    ),
    "doctor": Outline(
        "diagnosis",
        "Say what is set, what is reachable and what is wrong. Exit 1 when something is.",
        "doctor",
    ),
    "db": Outline("database", "Look after the SQL database."),
    "story": Outline("stories", "Check, import and export stories."),
    "items": Outline("items", "Check, import and export items."),
    "events": Outline("events", "Look at events."),
    "api": Outline("api", "Look at what other services may ask."),
    "audit": Outline("audit", "Prove what must always hold over what is stored."),
    "token": Outline(
        "tokens",
        "Tokens for people and scripts that ask the internal API, and the keys that sign them.",
    ),
    "service": Outline("services", "Services that sign their own tokens for the internal API."),
    "dlq": Outline("dlq", "Look after events that could not be processed."),
    "groups": Outline(
        "groups", "Look after groups of subscribers: how far they are, what stopped."
    ),
    "workflows": Outline("workflows", "Look after workflows: where they stand, what is stuck."),
    "legacy": Outline("legacy.commands", "Bring users from the bot before this one."),
    "webhook": Outline("webhooks", "Where Telegram delivers."),
}


class _OnDemand(TyperGroup):
    """Lists the outlines, and calls the commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, outline in COMMANDS.items():
            self.add_command(TyperCommand(name, help=outline.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, outline, rest = super().resolve_command(ctx, args)
        return name, outline and load(name), rest


def load(name: str | None) -> Any:
    """The command of that name in COMMANDS, or the group; its module is imported."""
    outline, whole = COMMANDS[name or ""], typer.Typer()
    with importing():
        module = import_module(f"yabot.cli.{outline.module}")
    if outline.function is None:
        whole.add_typer(module.app, name=name)
    else:
        # Otherwise an app with a single command would not be a group.
        whole.callback()(lambda: None)
        whole.command(name)(getattr(module, outline.function))
    return typer.main.get_group(whole).commands[name or ""]


app = typer.Typer(
    cls=_OnDemand,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def yabot() -> None:
    """A Telegram bot that tells a branching story."""
