"""One fragment of a story is replaced: by data, and held to what files are held to."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.features.narrative.stories import SMALL_STORY, stories
from yabot.errors import StoryInvalid
from yabot.features.narrative.story import Fragment, Story, export_story, parse_story
from yabot.features.narrative.story.revising import FragmentInvalid, revised

SMALL = parse_story(SMALL_STORY, "tale.yaml")


def fields_of(fragment: Fragment) -> dict[str, Any]:
    """As a story file has them."""
    choices = [
        {
            "id": choice.id,
            "text": choice.text,
            "next": choice.next_fragment,
            **({"unlocks_hint": choice.unlocks_hint} if choice.unlocks_hint else {}),
            **({"requires_hint": choice.requires_hint} if choice.requires_hint else {}),
        }
        for choice in fragment.choices
    ]
    return {
        "title": fragment.title,
        "content": fragment.content,
        "choices": choices,
        **fragment.metadata.model_dump(),
    }


@pytest.mark.standard
@given(stories(), st.data())
@settings(max_examples=30)
def test_a_fragment_in_its_own_place_changes_nothing(story: Story, data: st.DataObject) -> None:
    fragment = data.draw(st.sampled_from([*story.fragments.values()]))
    same = revised(story, fragment.fragment_id, fields_of(fragment))
    assert same == story
    assert same.revision == story.revision


@pytest.mark.standard
@given(stories(), st.data())
@settings(max_examples=30)
def test_what_a_file_would_be_refused_for_a_fragment_is_and_nothing_else(
    story: Story, data: st.DataObject
) -> None:
    """A choice of one fragment is taken away: it may have been the only way to another."""
    with_choices = [each for each in story.fragments.values() if each.choices]
    fragment = data.draw(st.sampled_from(with_choices))
    shorter = fragment.model_copy(update={"choices": fragment.choices[1:]})
    try:
        expected = parse_story(export_story(story.with_fragment(shorter)), "tale.yaml")
    except StoryInvalid as refused:
        said = {line.split(": ", 1)[1] for line in refused.problems}
        with pytest.raises(FragmentInvalid) as error:
            revised(story, fragment.fragment_id, fields_of(shorter))
        assert {mistake.sentence for mistake in error.value.mistakes} == said
    else:
        assert revised(story, fragment.fragment_id, fields_of(shorter)) == expected


def test_pointers_lead_to_what_is_wrong() -> None:
    fields = fields_of(SMALL.fragments["hall"])
    fields["choices"][1] |= {"next": "nowhere", "text": {"es": "Abrir", "en": "a\nb"}}
    fields["title"] = {"es": "~/", "en": "", "a/b~": "?"}
    with pytest.raises(FragmentInvalid) as error:
        revised(SMALL, "hall", fields)
    assert {mistake.pointer for mistake in error.value.mistakes} == {
        "",  # the garden, to which nothing leads any more
        "/title/en",
        "/title/a~1b~0",
        "/choices/1/next",
        "/choices/1/text/en",
    }
