"""Checks the arguments behind `yabot` before a command gets them."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from yabot.lookalikes import look_alike, shown

# Options whose values are free text for people.
IN_OWN_WORDS = frozenset({"--note"})
WRONG_USE = 2


def require_plain(arguments: Sequence[str]) -> None:
    """End the program with a sentence for each argument that looks like another one, unless a file
    of that name exists.
    """
    sentences = [
        f"yabot: '{shown(word)}' {said}; type it anew"
        for word in _words(arguments)
        if (said := look_alike(word)) and not _is_a_file(word)
    ]
    if sentences:
        sys.stderr.write("\n".join(sentences) + "\n")
        sys.exit(WRONG_USE)


def _words(arguments: Sequence[str]) -> Iterator[str]:
    """All words but the values of options that take free text."""
    own = False
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if own:
            own = False
        elif name.startswith("-") and equals:
            yield from (name,) if name in IN_OWN_WORDS else (name, value)
        else:
            own = argument in IN_OWN_WORDS
            yield argument


def _is_a_file(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # longer than any name may be
        return False
