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

GROUP = "not valid YAML: between { and } a comma or the } is missing, or a text needs quotes"
LIST = GROUP.replace("{", "[").replace("}", "]")
OPENED = "not valid YAML: a quote is opened and not closed"
INDENTED = (
    "not valid YAML: this line is indented too far or too little, or a text goes on behind a quote "
    "or a bracket: then all of it needs quotes"
)
ESCAPED = 'not valid YAML: within "…" a \\ is written \\\\'
# What slips: the text, the line where it is mended, what is said.
SLIPS = {
    "no comma": ("story: {es: A en: B}\n", 1, GROUP),
    "quotes within quotes": ('story: {es: "El "gran" día"}\n', 1, GROUP),
    "brackets within a text": ("story: {es: Dijo {bajo} que no}\n", 1, GROUP),
    "a list goes on": ("languages: [es, en\nstart: a\n", 2, f"{LIST}; it begins in line 1"),
    "a list never ends": ("languages: [es, en\n\n\n", 1, LIST),
    "a mapping goes on": ("a:\n  t: {en: A\n  c: {en: a}\n", 3, f"{GROUP}; it begins in line 2"),
    "nothing in a list": ("languages: [\n", 2, "within { } or [ ] a text or the closing bracket"),
    "a quote never ends": ('story: t\nstart: "gate\n\nmoved:\n', 2, OPENED),
    "a quote in a mapping": ('a:\n  t: {en: "A}\n  c: {en: a}\n', 2, OPENED),
    "a quote is not the whole": ('story: "A" tale\n', 1, INDENTED),
    "too far to the left": ("a:\n  b: c\n d: e\n", 3, INDENTED),
    "no colon": ("start: gate\nstory\nmoved: {}\n", 2, "a key has ': ' behind it"),
    "a path": ('story: "C:\\dir"\n', 1, ESCAPED),
    "no number of a character": ('story: "\\xZZ"\n', 1, ESCAPED),
    "a block in one line": ("story: | once\n", 1, "a block begins with | or |- alone"),
    "a tab": ("story: t\nstart:\tgate\n", 2, "there is a tab before a text"),
    "no tag": ("story: !a!b tale\n", 1, LOST_WORD),
    "no anchor": ("story: &¡a tale\n", 1, LOST_WORD),
    "no alias": ("story: *Once* more\n", 1, "a text that begins with * needs quotes"),
}


@pytest.mark.parametrize(("text", "line", "said"), SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_told_with_its_mend_and_where_to_mend_it(text: str, line: int, said: str) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith(f"{FILE}:{line}: not valid YAML: ")
    assert problem.endswith(said) if said.startswith("not valid") else said in problem
    assert "…" not in problem.replace('"…"', "")


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
