"""A reader's name as other readers may see it: short, on one line, and without links.

Telegram lets anybody call themselves anything: an advertisement with its link, somebody else's
@name, characters that reverse a line or pile up over it.
"""

import re
import unicodedata

# Visible characters; combining marks are limited separately, and not counted.
LONGEST = 32
MOST_MARKS = 3

# What Telegram's clients turn into a link, and what looks like one.
_PRESSABLE = re.compile(r"[@#$/\\]|://|\w\.\w{2,}|\d{5,}", re.IGNORECASE)
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters of no width, and a braille cell without a dot.
_BLANK = set("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\u034f")


def display_name(text: str) -> str | None:
    """``text`` without harmful parts; None if no name is left.

    A word with a link, a domain, a mention, a command or a long number is removed as a whole.
    """
    words = _plain(text).split()
    harmless = " ".join(word for word in words if not _PRESSABLE.search(word))
    shown = _bounded(harmless).strip()
    return shown if any(_says_something(character) for character in shown) else None


def _plain(text: str) -> str:
    """Visible characters in NFKC form, so that ``ｗｗｗ．`` becomes what it looks like."""
    seen = (" " if _is_break(each) else "" if _is_hidden(each) else each for each in text)
    return unicodedata.normalize("NFKC", "".join(seen))


def _is_break(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Zl", "Zp")


def _is_hidden(character: str) -> bool:
    return character in _BLANK or unicodedata.category(character) in _HIDDEN


def _bounded(text: str) -> str:
    kept, seen, marks = [], 0, MOST_MARKS
    for character in text:
        if unicodedata.category(character).startswith("M"):
            marks += 1
            if marks > MOST_MARKS:
                continue
        else:
            seen, marks = seen + 1, 0
            if seen > LONGEST:
                break
        kept.append(character)
    return "".join(kept)


def _says_something(character: str) -> bool:
    """A letter, a digit, or a picture."""
    return unicodedata.category(character)[0] in "LN" or unicodedata.category(character) == "So"
