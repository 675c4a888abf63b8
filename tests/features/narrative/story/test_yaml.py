"""Files that are no YAML, or YAML that a story must not contain."""

from itertools import pairwise

import pytest

from tests.features.narrative.stories import SMALL_STORY
from tests.features.narrative.story.problems_of import FILE, line_of, problems_of, spoiled
from yabot.features.narrative.story import parse_story

LOST_WORD = "a text that begins with ! or & needs quotes"

REFUSED = {
    "empty": ("", 1, "the file is empty"),
    "only a comment": ("# soon\n", 1, "the file is empty"),
    "a list": ("- start\n", 1, "the story must be a mapping (key: value), not a list"),
    "a word": ("start\n", 1, "the story must be a mapping (key: value), not 'start'"),
    "colon in a text": (
        "start: gate\nmoved: a: b\n",
        2,
        "not valid YAML: mapping values are not allowed here "
        "(a text with ': ' in it needs quotes, or a block: |-)",
    ),
    "text like a tag": (
        "start: gate\nstory: @tale\n",
        2,
        "not valid YAML: while scanning for the next token found character … that cannot start "
        "any token (a text that begins like this needs quotes, or a block: |-)",
    ),
    "two documents": (
        "start: gate\n---\nstart: hall\n",
        2,
        "not valid YAML: expected a single document in the stream but found another document",
    ),
    "null character": ("start: gate\nstory: t\0\n", 2, "the character U+0000 is not allowed"),
    "no such character": (
        'start: gate\nstory: "\\UFFFFFFFF"\n',
        2,
        "not valid YAML: a number of a character, or of its version, is out of range",
    ),
    "beyond the last character": (
        'start: gate\nstory: "\\U00110000"\n',
        2,
        "not valid YAML: a number of a character, or of its version, is out of range",
    ),
    "a version of 5000 digits": (
        f"%YAML 1.{'1' * 5000}\n---\nstart: gate\n",
        1,
        "not valid YAML: a number of a character, or of its version, is out of range",
    ),
    "odd line end": (
        "start: gate\nstory: t\u2028\n",
        2,
        "the line end U+2028 is not allowed; use Enter",
    ),
    "too big": ("#" * 2_000_001, 1, "a file may have 2 MB at most"),
    "too deep": ("start: " + "[" * 5000, 1, "nested deeper than 20 levels"),
}


@pytest.mark.parametrize(("text", "line", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_an_unreadable_file_is_refused_in_one_sentence(text: str, line: int, said: str) -> None:
    assert problems_of(text) == [f"{FILE}:{line}: {said}"]


def test_aliases_are_refused_so_that_no_small_file_grows_huge() -> None:
    bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise("abcdefghi")]
    assert problems_of("\n".join(bomb)) == [f"{FILE}:1: {LOST_WORD}"]
    assert problems_of("start: *gate\n") == [
        f"{FILE}:1: aliases (*name) are not allowed; write the text out"
    ]


def test_a_tag_constructs_nothing() -> None:
    text = spoiled(("difficulty: 2", "difficulty: !!python/object/apply:os.getcwd []"))
    assert problems_of(text) == [f"{FILE}:19: {LOST_WORD}"]


@pytest.mark.parametrize("lost", ["!Shut now.", "&Shut now.", "! Shut.", "!!str Shut."])
def test_a_first_word_that_yaml_would_swallow_is_told(lost: str) -> None:
    text = spoiled(("en: Shut.", f"en: {lost}"))
    assert problems_of(text) == [f"{FILE}:{line_of(text, lost)}: {LOST_WORD}"]


def test_in_quotes_it_is_a_word() -> None:
    text = spoiled(("en: Shut.", 'en: "&amp; !Shut."'))
    assert parse_story(text, FILE).fragments["gate"].content["en"] == "&amp; !Shut."


@pytest.mark.parametrize(
    ("old", "again", "line", "said"),
    [
        ("start: gate\n", "start: hall\n", 4, "the story has 'start' twice (first in line 3)"),
        (
            "    difficulty: 2\n",
            "    difficulty: 3\n",
            20,
            "fragment 'hall' has 'difficulty' twice (first in line 19)",
        ),
        (
            "    ending: true\n",
            "  hall: {}\n",
            30,
            "fragments has 'hall' twice (first in line 16)",
        ),
    ],
)
def test_a_repeated_key_is_named_with_both_lines(
    old: str, again: str, line: int, said: str
) -> None:
    text = SMALL_STORY.replace(old, old + again)
    assert f"{FILE}:{line}: {said}" in problems_of(text)


def test_windows_line_ends_count_as_one() -> None:
    text = spoiled(("difficulty: 2", "difficulty: no")).replace("\n", "\r\n")
    (problem,) = problems_of(text)
    assert problem.startswith(f"{FILE}:19: ")
