"""Finds what makes a value another one than it looks like: quotes, invisible characters, blanks.

Values copied from a page, a chat or a word processor may look right and be wrong. Code that takes a
value from a person asks here, and says what is wrong with it.
"""

import unicodedata
from itertools import takewhile

_PAIRS = ('""', "''", "``", "“”", "„“", "„”", "‘’", "‚‘", "«»", "»«", "‹›", "＂＂", "＇＇")
_QUOTES = frozenset("".join(_PAIRS)) - frozenset("\"'`") | {"″", "′"}
_DASHES = frozenset("‐‑‒–—―−﹘﹣－")
_JOINERS = frozenset("\u200c\u200d")
# Letters by category that are invisible all the same.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_UNSEEN = {
    "Cc": "a control character",
    "Cf": "an invisible character",
    "Cs": "half a character",
    "Zl": "an invisible character",
    "Zp": "an invisible character",
    "Zs": "a blank of another kind",
}


def look_alike(text: str) -> str | None:
    """What makes ``text`` another one than it looks like, as a sentence without its subject; None
    if it is plain. It quotes at most one character of ``text``, which may be a secret.
    """
    if len(text) > 1 and text[0] + text[-1] in _PAIRS:
        return "stands in quotes, which would be part of it"
    if text != text.strip(" "):
        return "begins or ends with a blank"
    for place, character in enumerate(text):
        if is_unseen(text, place):
            return f"holds {_kind(character)}, {_named(character)}"
        if character in _DASHES:
            return f"holds a dash that is no hyphen, {_named(character)}"
        if character in _QUOTES:
            return f"holds a typographic quote, {_named(character)}"
    return None


def foreign_letter(text: str) -> str | None:
    """As ``look_alike``, for ASCII text: also names the first character that is not ASCII."""
    if said := look_alike(text):
        return said
    found = next((character for character in text if not character.isascii()), None)
    return f"holds {_named(found)}" if found else None


def is_unseen(text: str, place: int) -> bool:
    """Whether the character at ``place`` is invisible.

    A joiner within an emoji, or within a word of a script that has joiners, counts as visible.
    """
    character = text[place]
    if character in _JOINERS:
        around = (text[place - 1 : place], text[place + 1 : place + 2])
        return not all(around) or any(each.isascii() for each in around)
    return character in _BLANK or (character != " " and unicodedata.category(character) in _UNSEEN)


def shown(text: str) -> str:
    """``text`` with invisible characters written as ``\\uXXXX``."""
    return "".join(
        f"\\u{ord(character):04x}" if is_unseen(text, place) else character
        for place, character in enumerate(text)
    )


def odd_indentation(text: str, line: int) -> str | None:
    """Why YAML sees another indentation in this line of a file than a person; None if it does not.

    Lines count from 1.
    """
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return None
    indentation = takewhile(lambda sign: sign.isspace() or is_unseen(sign, 0), lines[line - 1])
    odd = next((sign for sign in indentation if sign not in " \r"), None)
    if odd is None:
        return None
    name = "a tab" if odd == "\t" else _named(odd)
    return f"this line is indented with {name}; YAML takes blanks only: put blanks in its place"


def _kind(character: str) -> str:
    return _UNSEEN.get(unicodedata.category(character), "an invisible character")


def _named(character: str) -> str:
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")
