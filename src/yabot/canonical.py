"""Brings values that strangers send into the canonical form that the program uses.

Telegram's updates, buttons, files, other services' events and the command line all use these
functions, so that a value means the same wherever it comes from. Each returns None for an invalid
value, and its own results unchanged.
"""

import re
import unicodedata

# Ids of fragments, choices, hints and items: two of them fit into a button's data.
STORY_ID = "[a-z0-9_]{1,24}"
# Telegram's account names, without the @; and language tags, in any spelling.
USERNAME = "[A-Za-z][A-Za-z0-9_]{2,31}"
LANGUAGE = "[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}"
# Telegram's ids have 52 bits at most.
LARGEST_USER_ID = 2**52
LONGEST_REACTION = 16
VARIATION_SELECTOR = "\ufe0f"

_USER_ID = re.compile("[0-9]{1,20}")
_USERNAME = re.compile(f"@?({USERNAME})")
_LANGUAGE = re.compile(LANGUAGE)
_START_PARAMETER = re.compile("[A-Za-z0-9_-]{1,64}")
# Controls, characters without width, surrogates, and code points without a meaning in Unicode.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def user_id(text: str) -> str | None:
    """A Telegram id, as text without leading zeros."""
    if not _USER_ID.fullmatch(text.strip()):
        return None
    number = int(text)
    return str(number) if 0 < number < LARGEST_USER_ID else None


def username(text: str) -> str | None:
    """Telegram's name of an account, in lower case and without the ``@``."""
    found = _USERNAME.fullmatch(text.strip())
    return found[1].lower() if found else None


def language(code: str) -> str | None:
    """A language's tag in lower case: ``pt-br``."""
    found = _LANGUAGE.fullmatch(code.strip())
    return found[0].replace("_", "-").lower() if found else None


def start_parameter(text: str) -> str | None:
    """The parameter of a link to the bot, by Telegram's own rule."""
    return text.strip() if _START_PARAMETER.fullmatch(text.strip()) else None


def story_id(text: str) -> str | None:
    """The id of a fragment, choice, hint or item."""
    return text.strip() if re.fullmatch(STORY_ID, text.strip()) else None


def reaction(emoji: str) -> str | None:
    """An emoji as Telegram writes it: keyboards add a variation selector, Telegram has none."""
    plain = emoji.replace(VARIATION_SELECTOR, "")
    seen = (plain.isascii() and plain.isalnum()) or not any(map(str.isspace, plain))
    fits = 0 < len(plain) <= LONGEST_REACTION and seen and not _has_controls(plain)
    return plain if fits else None


def argument(text: str) -> str:
    """The text after a command, on one line and without invisible characters."""
    return " ".join("".join(map(_seen_or_space, text)).split())


def storable(text: str) -> str:
    """``text`` as any database takes it: without null characters and surrogates."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _seen_or_space(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cc", "Zl", "Zp"):
        return " "
    return "" if kind in _UNSEEN else character


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
