"""Whether a text shows anything: Telegram refuses those that do not."""

import unicodedata

_BLANK = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
_FILLERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")


def is_visible(text: str) -> bool:
    return any(
        unicodedata.category(character) not in _BLANK and character not in _FILLERS
        for character in text
    )
