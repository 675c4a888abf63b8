"""Checks that Telegram takes the story's pages, on the same messages that readers get."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from yabot.bot.localization import LANGUAGES, Localizer, Texts
from yabot.bot.measure import is_visible, refusals
from yabot.bot.message import Keyboard, message
from yabot.features.narrative.story import scene
from yabot.features.narrative.story.draft import FragmentDraft, HintDraft
from yabot.features.narrative.story.scene import Scene
from yabot.features.narrative.story.value import Value

TEXTS = Path(__file__).parents[1] / "texts"
_ANY_CHAT = 0


def check_page(content: Value, draft: FragmentDraft, languages: tuple[str, ...]) -> None:
    """Notes at ``content`` each language in which Telegram would refuse the page."""
    labels = [choice.text for choice in draft.choices or ()]
    if not _are_there(languages, draft.title, draft.content, *labels):
        return
    try:
        fragment = draft.build()
    except ValidationError:
        return  # its mistakes have been noted already
    # With all choices: a reader without a hint sees fewer, never more.
    shown = Scene(fragment, fragment.choices)
    for language, t in _shown_in(languages):
        keyboard = scene.keyboard(shown, language, t)
        _check(content, language, scene.text(shown, language), keyboard, "its title and buttons")


def check_hint(text: Value, draft: HintDraft, languages: tuple[str, ...]) -> None:
    """Like ``check_page``, with the words that come before a hint."""
    if not _are_there(languages, draft.title, draft.text):
        return
    try:
        hint = draft.build()
    except ValidationError:
        return
    for language, t in _shown_in(languages):
        for earned in (False, True):
            said = scene.hint_text(hint, language, t, earned=earned)
            _check(text, language, said, (), "its title and the words before it")


def _are_there(languages: tuple[str, ...], *texts: Mapping[str, str]) -> bool:
    """Whether every text is there and visible; where not, that has been noted already."""
    return all(is_visible(each.get(language, "")) for each in texts for language in languages)


def _shown_in(languages: tuple[str, ...]) -> Iterator[tuple[str, Localizer]]:
    """Each language that a reader may have, with the bot's own words in it."""
    for language in dict.fromkeys([*languages, *LANGUAGES]):
        yield language, _texts().localizer(language)


def _check(value: Value, language: str, text: str, keyboard: Keyboard, around: str) -> None:
    entries = value.entries() or {}
    # Readers of a language that the story lacks get its first one.
    written = language if language in entries else next(iter(entries))
    for refusal in refusals(message(_ANY_CHAT, text, keyboard)):
        value.complain(f"in '{written}' makes {refusal} ({around} included)", entries[written].line)


@cache
def _texts() -> Texts:
    return Texts([TEXTS])
