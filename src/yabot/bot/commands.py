"""Which texts are commands, and whose."""

import re

# Telegram's own rule: what follows is a space or nothing. "/" and "/home/ana/notes.txt" are talk.
_COMMAND = re.compile(r"/(?P<name>[A-Za-z0-9_]{1,32})(?:@(?P<addressee>[A-Za-z0-9_]{1,32}))?(?!\S)")


def command_in(text: str | None, username: str) -> str | None:
    """The name of the command with which ``text`` begins, in lower case.

    None where it begins with none, or with one that names a bot other than ``username``.
    """
    found = _COMMAND.match(text or "")
    if found is None:
        return None
    addressee = found["addressee"]
    is_ours = addressee is None or addressee.lower() == username.lower()
    return found["name"].lower() if is_ours else None
