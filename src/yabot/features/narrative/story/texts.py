"""Texts of a story file, and what each kind of text must be like."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from yabot.bot.measure import is_visible, plain_text
from yabot.features.narrative.story.markup import markup_problems
from yabot.features.narrative.story.model import Texts
from yabot.features.narrative.story.value import Value

MAX_BUTTON = 64
MAX_TITLE = 128

Rule = Callable[[str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages in which every text must be. ``unclear``: some could not be read, so texts in
    any other language are accepted.
    """

    codes: tuple[str, ...]
    unclear: bool = False

    def of(self, entries: Mapping[str, Value]) -> tuple[str, ...]:
        """The languages in which to read ``entries``, in the story's order."""
        return tuple(dict.fromkeys([*self.codes, *(entries if self.unclear else ())]))


def read_texts(value: Value | None, languages: Languages, rule: Rule) -> Texts:
    """The texts by language, in the story's order of languages, each checked by ``rule``."""
    entries = value.entries() if value else None
    if value is None or entries is None:
        return {}
    read_in = languages.of(entries)
    for entry in entries.values():
        if entry.name not in read_in:
            _complain_of_stranger(value, entry, languages.codes)
    found = {language: _read(value, language, entries, rule) for language in read_in}
    return {language: text for language, text in found.items() if text is not None}


def _complain_of_stranger(value: Value, entry: Value, languages: tuple[str, ...]) -> None:
    if entry.is_nothing:
        sentence = f"has '{entry.name}' by itself: within {{ }} a text with a comma needs quotes"
    else:
        sentence = (
            f"has a text in '{entry.name}', but the story's languages are "
            f"{', '.join(languages)} (add it to languages, or take it out)"
        )
    value.complain(sentence, entry.line)


def _read(value: Value, language: str, entries: dict[str, Value], rule: Rule) -> str | None:
    if language not in entries:
        value.complain(f"has no text in '{language}'")
        return None
    entry = entries[language].renamed(value.owner, f"{value.name} in '{language}'")
    text = entry.text()
    for sentence in (*_characters(text), *rule(text)) if text else ():
        entry.complain(sentence)
    return text


def title_rule(text: str) -> Iterator[str]:
    yield from _short(text, MAX_TITLE)
    yield from _shows(text)


def button_rule(text: str) -> Iterator[str]:
    yield from _short(text, MAX_BUTTON)
    yield from _shows(text)


def content_rule(text: str) -> Iterator[str]:
    yield from _shows(plain_text(text))
    yield from (f"does not work as Telegram HTML: {problem}" for problem in markup_problems(text))


def _short(text: str, limit: int) -> Iterator[str]:
    if "\n" in text:
        yield "must be one line"
    if len(text) > limit:
        yield f"has {len(text)} characters; {limit} are allowed"


def _shows(text: str) -> Iterator[str]:
    if not is_visible(text):
        yield "shows nothing: all of its characters are invisible"


def _characters(text: str) -> Iterator[str]:
    for character in dict.fromkeys(text):
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} and character != "\n":
            yield f"has the character U+{ord(character):04X}, which Telegram cannot show"
