"""Stories as values: what they hold, what tells two apart, how they go to MongoDB and back."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.features.narrative.stories import SMALL_STORY
from tests.features.narrative.story.problems_of import spoiled
from yabot.features.narrative.story import Fragment, Story, parse_story, removed_without_move

MANUAL = Path(__file__).parents[4] / "docs" / "story-format.md"


@pytest.fixture
def story() -> Story:
    return parse_story(SMALL_STORY, "tale.yaml")


def test_a_file_says_everything_that_a_story_holds(story: Story) -> None:
    assert (story.story, story.languages, story.start) == ("tale", ("es", "en"), "gate")
    assert story.moved == {"old_gate": "gate"}
    assert story.hints["key"].text == {"es": "Abre algo.", "en": "It opens something."}
    assert story.fragments["gate"].model_dump() == {
        "fragment_id": "gate",
        "title": {"es": "La verja", "en": "The gate"},
        "content": {"es": "Cerrada.", "en": "Shut."},
        "choices": (
            {
                "id": "enter",
                "text": {"es": "Entrar", "en": "Enter"},
                "next_fragment": "hall",
                "unlocks_hint": "key",
                "requires_hint": None,
            },
        ),
        "metadata": {
            "tags": (),
            "vip_required": False,
            "difficulty": 1,
            "reactions": {"❤": 2},
            "ending": False,
        },
    }


def test_story_and_languages_may_be_left_out() -> None:
    story = parse_story(spoiled(("story: tale\n", ""), ("languages: [es, en]\n", "")), "tale.yaml")
    assert (story.story, story.languages) == ("main", ("es", "en"))


def test_the_manuals_example_is_a_story() -> None:
    example = MANUAL.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert parse_story(example, MANUAL.name).story == "lighthouse"


def test_a_keyboards_heart_is_telegrams_heart() -> None:
    story = parse_story(spoiled(('"❤"', '"❤\ufe0f"')), "tale.yaml")
    assert story.fragments["gate"].metadata.reactions == {"❤": 2}


def test_a_fragment_comes_back_from_lists(story: Story) -> None:
    for fragment in story.fragments.values():
        stored = json.loads(json.dumps(fragment.model_dump()))
        assert Fragment.model_validate(stored) == fragment


def test_types_are_not_guessed(story: Story) -> None:
    stored = story.fragments["gate"].model_dump()
    stored["metadata"]["difficulty"] = "2"
    with pytest.raises(ValidationError):
        Fragment.model_validate(stored)


def test_the_longest_ids_fit_into_a_button() -> None:
    assert len(f"c:{'f' * 24}:{'c' * 24}".encode()) <= 64


def test_the_revision_changes_with_the_content_and_only_with_it(story: Story) -> None:
    same = parse_story("# a comment\n" + SMALL_STORY, "elsewhere.yaml")
    other = parse_story(spoiled(("en: Shut.", "en: Locked.")), "tale.yaml")
    assert same.revision == story.revision
    assert other.revision != story.revision


def test_a_fragment_gone_without_a_word_is_named(story: Story) -> None:
    old = ["gate", "old_gate", "tower", "attic"]
    assert removed_without_move(old, story) == ["attic", "tower"]
