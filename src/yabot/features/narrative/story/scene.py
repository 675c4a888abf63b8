"""A scene as a message: its text, its reactions and its choices.

The story check measures these very messages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from yabot.bot.localization import Localizer
from yabot.bot.message import Keyboard
from yabot.features.narrative.story.markup import message_html
from yabot.features.narrative.story.model import Choice, Fragment, Hint, Texts


@dataclass(frozen=True, slots=True)
class Scene:
    """What the reader sees now."""

    fragment: Fragment
    choices: Sequence[Choice]


def text(scene: Scene, language: str) -> str:
    fragment = scene.fragment
    return message_html(_in(fragment.title, language), _in(fragment.content, language))


def hint_text(hint: Hint, language: str, t: Localizer, *, earned: bool = False) -> str:
    """The hint, after words that say how the reader got it: by a choice, or ``earned``."""
    said = t("narrative-hint-earned" if earned else "narrative-hint")
    return f"{said} {message_html(_in(hint.title, language), _in(hint.text, language))}"


def keyboard(scene: Scene, language: str, t: Localizer) -> Keyboard:
    """Choices one below the other, because they are sentences; reactions side by side."""
    fragment = scene.fragment
    rows = [
        [(_in(choice.text, language), f"c:{fragment.fragment_id}:{choice.id}")]
        for choice in scene.choices
    ]
    if fragment.metadata.ending:
        rows.append([(t("narrative-again"), "story:again")])
    reactions = [
        (emoji, f"r:{fragment.fragment_id}:{emoji}") for emoji in fragment.metadata.reactions
    ]
    return [*rows, reactions] if reactions else rows


def _in(texts: Texts, language: str) -> str:
    return texts.get(language) or next(iter(texts.values()))
