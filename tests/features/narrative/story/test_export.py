"""What is exported is what was imported."""

import pytest
from hypothesis import given, settings

from tests.features.narrative.stories import SMALL_STORY, stories
from tests.tiers import examples
from yabot.features.narrative.story import Story, demo_story, export_story, parse_story


@pytest.mark.standard
@given(stories())
@settings(max_examples=examples(60))
def test_every_valid_story_comes_back_equal(story: Story) -> None:
    again = parse_story(export_story(story), "exported.yaml")
    assert again == story
    assert again.revision == story.revision


@pytest.mark.standard
def test_the_demo_story_comes_back_equal() -> None:
    story = parse_story(demo_story(), "demo.yaml")
    assert parse_story(export_story(story), "exported.yaml") == story


def test_an_export_reads_like_the_file_that_it_came_from() -> None:
    assert export_story(parse_story(SMALL_STORY, "tale.yaml")).splitlines()[:12] == [
        "story: tale",
        "languages: [es, en]",
        "start: gate",
        "moved: {old_gate: gate}",
        "hints:",
        "  key:",
        "    title: {es: La llave, en: The key}",
        "    text: {es: Abre algo., en: It opens something.}",
        "fragments:",
        "  gate:",
        "    title: {es: La verja, en: The gate}",
        "    content: {es: Cerrada., en: Shut.}",
    ]
