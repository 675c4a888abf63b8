"""Collects all mistakes in one file before any is reported."""

from collections.abc import Iterable
from difflib import get_close_matches

from yabot.errors import StoryInvalid
from yabot.lookalikes import look_alike, shown

# A limit, because each guess compares a word with all known ones.
MAX_GUESSES = 100


class Problems:
    """Mistakes with their lines (the first line is 1), in any order."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, sentence: str) -> None:
        """``sentence`` may quote the file: invisible characters in it are spelt out."""
        self._found.append((line, shown(sentence)))

    @property
    def found(self) -> list[tuple[int, str]]:
        """Each mistake once, in the file's order."""
        return sorted(dict.fromkeys(self._found), key=lambda problem: problem[0])

    def raise_if_any(self) -> None:
        """Raises StoryInvalid with one line for each mistake, in the file's order."""
        if self._found:
            raise StoryInvalid([f"{self._file_name}:{line}: {said}" for line, said in self.found])

    def fatal(self, line: int, sentence: str) -> StoryInvalid:
        """The error for a file that cannot be read any further."""
        return StoryInvalid([f"{self._file_name}:{line}: {sentence}"])


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was probably meant to be."""
    return next(iter(get_close_matches(word, list(known), n=1)), None)


class Guesses:
    """Like ``closest``, for many words: each is compared once, and at most MAX_GUESSES words are.
    Words that differ only in case are always found.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = {word.casefold(): word for word in known}
        self._found: dict[str, str | None] = {}

    def closest(self, word: str) -> str | None:
        if same := self._known.get(word.casefold()):
            return same
        if word not in self._found and len(self._found) < MAX_GUESSES:
            self._found[word] = closest(word, self._known.values())
        return self._found.get(word)


def because(word: str) -> str:
    """The end of a sentence about a word that only looks right, or an empty string."""
    said = look_alike(word)
    return f"; it {said}" if said else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence: a suggestion, or an empty string."""
    return suggestion(closest(word, known))


def suggestion(guess: str | None) -> str:
    """The end of a sentence that suggests ``guess``; empty without one."""
    return f"; did you mean '{guess}'?" if guess else ""
