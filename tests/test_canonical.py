"""Every value from outside has one form, whichever door it comes through."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from yabot import canonical
from yabot.bot.commands import command_in
from yabot.bot.localization import closest_language
from yabot.features.narrative.events import ReactionDetected
from yabot.features.narrative.handlers import ANY_REACTION
from yabot.features.narrative.story import parse_story
from yabot.features.narrative.story.reactions import REACTIONS

Normalise = Callable[[str], str | None]
NORMALISERS: list[Normalise] = [
    canonical.user_id,
    canonical.username,
    canonical.language,
    canonical.start_parameter,
    canonical.story_id,
    canonical.reaction,
    canonical.argument,
    canonical.storable,
]
# What comes close to such values, and anything at all.
NEAR = st.text("aZ09_-@ \t\n\0\ufe0f❤🔥\u200d\u202e.٣", max_size=40)


@pytest.mark.parametrize("normalise", NORMALISERS, ids=lambda each: each.__name__)
@given(text=NEAR | st.text())
def test_what_has_its_form_keeps_it(normalise: Normalise, text: str) -> None:
    known = normalise(text)
    assert known is None or normalise(known) == known


@pytest.mark.parametrize("normalise", NORMALISERS[:6], ids=lambda each: each.__name__)
@given(text=NEAR | st.text())
def test_it_is_short_and_on_one_line(normalise: Normalise, text: str) -> None:
    known = normalise(text)
    assert known is None or (0 < len(known) <= 64 and known.split() == [known])


@pytest.mark.parametrize(
    ("normalise", "written", "known"),
    [
        (canonical.user_id, " 0042 ", "42"),
        (canonical.user_id, "٤٢", None),
        (canonical.user_id, "-5", None),
        (canonical.user_id, "9" * 20, None),
        (canonical.username, "@Lucia_M", "lucia_m"),
        (canonical.username, "@" + "a" * 3000, None),
        (canonical.language, "pt_BR", "pt-br"),
        (canonical.language, "'); DROP", None),
        (canonical.start_parameter, "from-Ana_2", "from-Ana_2"),
        (canonical.start_parameter, " from-Ana_2\n", "from-Ana_2"),
        (canonical.start_parameter, "x" * 65, None),
        (canonical.story_id, " gate ", "gate"),
        (canonical.story_id, "Gate", None),
        (canonical.reaction, "❤️", "❤"),
        (canonical.reaction, "custom", "custom"),
        (canonical.reaction, "buy at spam.com", None),
        (canonical.reaction, "❤\x01", None),
        (canonical.reaction, "❤\ud83d", None),
        (canonical.reaction, "", None),
        (canonical.argument, " @ana \n\u202e 5\0 ", "@ana 5"),
        (canonical.argument, "@ana\n5", "@ana 5"),
        (canonical.storable, "a\0b\ud83d", "ab"),
    ],
)
def test_the_form(normalise: Normalise, written: str, known: str | None) -> None:
    assert normalise(written) == known


@pytest.mark.parametrize("emoji", sorted(REACTIONS))
def test_a_reaction_is_the_same_by_every_door(emoji: str) -> None:
    """Alone, and with the selector that keyboards put behind its characters."""
    for written in {emoji, *with_selectors(emoji)}:
        event = ReactionDetected(content_id="gate", reaction_type=written)
        assert event.reaction_type == emoji
        assert re.fullmatch(ANY_REACTION, written)
        story = parse_story(STORY.replace("EMOJI", written), "a.yaml")
        assert story.fragments["gate"].metadata.reactions == {emoji: 2}


def with_selectors(emoji: str) -> set[str]:
    parts = emoji.split("\u200d")
    return {emoji + "\ufe0f", "\ufe0f\u200d".join(parts), "\u200d".join(parts) + "\ufe0f"}


STORY = """
start: gate
fragments:
  gate:
    title: {es: La verja, en: The gate}
    content: {es: Una verja., en: A gate.}
    reactions: {"EMOJI": 2}
    ending: true
"""


@given(NEAR | st.text())
def test_no_strangers_text_becomes_an_event(text: str) -> None:
    for content_id, kind in ((text, "❤"), ("gate", text)):
        try:
            event = ReactionDetected(content_id=content_id, reaction_type=kind)
        except ValidationError:
            continue
        assert len(event.content_id + event.reaction_type) <= 40


@pytest.mark.parametrize("written", ["/start", "/Start", "/START x", "/start@THEBOT"])
def test_a_command_is_the_same_in_any_case(written: str) -> None:
    assert command_in(written, "thebot") == "start"


@pytest.mark.parametrize("code", ["en", "EN", "en-GB", "en_gb", " en "])
def test_a_language_is_the_same_in_any_writing(code: str) -> None:
    assert closest_language(code) == "en"
