"""What is written behind `yabot`, before anybody acts on it."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from yabot.lookalikes import look_alike, shown

# Their values are words for people, who may write them as they like.
IN_OWN_WORDS = frozenset({"--note"})
WRONG_USE = 2


def require_plain(arguments: Sequence[str]) -> None:
    """Ends the program with a sentence for each argument that looks like another one.

    A file that is there under such a name is taken.
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
    """Names and values; those in the operator's own words are left out."""
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
