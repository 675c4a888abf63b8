"""Which texts are commands, and for which bot."""

import re

from aiogram.filters import Command, CommandObject
from aiogram.filters.command import CommandException

# Telegram's own rule. "/" and "/home/ana/notes.txt" are talk.
_NAME = re.compile(r"[A-Za-z0-9_]{1,32}")


def command_in(text: str | None, username: str) -> str | None:
    """The name of the command with which ``text`` begins, in lower case.

    None where it begins with none, or with one that names a bot other than ``username``.
    """
    found = _parsed(text or "")
    if found is None or found.prefix != "/" or not _NAME.fullmatch(found.command):
        return None
    is_ours = found.mention is None or found.mention.lower() == username.lower()
    return found.command.lower() if is_ours else None


def _parsed(text: str) -> CommandObject | None:
    """Parsed as the handlers' filters parse it; None for what is no command."""
    try:
        return Command.extract_command(text)
    except CommandException:
        return None
