"""Mistakes in single values: each is named with its line, and with what would be right."""

import pytest

from tests.features.narrative.story.problems_of import FILE, line_of, problems_of, spoiled
from yabot.features.narrative.story import parse_story

ID_RULE = "must be 1 to 24 characters of a-z, 0-9 and _"
ENTER = "{id: enter, text: {es: Entrar, en: Enter}, next: hall, unlocks_hint: key}"

# old, new (the line to expect is the first line of new), what is said
CASES = {
    "missing language": (
        "title: {es: La verja, en: The gate}",
        "title: {es: La verja}",
        "fragment 'gate': title has no text in 'en'",
    ),
    "undeclared language": (
        "content: {es: Cerrada., en: Shut.}",
        "content: {es: Cerrada., en: Shut., fr: Fermée.}",
        "fragment 'gate': content has a text in 'fr', but the story's languages are es, en "
        "(add it to languages, or take it out)",
    ),
    "comma without quotes": (
        "content: {es: Cerrada., en: Shut.}",
        "content: {es: Cerrada., en: Shut, locked.}",
        "fragment 'gate': content has 'locked.' by itself: within { } a text with a comma needs "
        "quotes",
    ),
    "empty text": (
        "content: {es: Cerrada., en: Shut.}",
        "content: {es: , en: Shut.}",
        "fragment 'gate': content in 'es' is empty",
    ),
    "text for texts": (
        "content: {es: Cerrada., en: Shut.}",
        "content: Shut.",
        "fragment 'gate': content must be a mapping (key: value), not 'Shut.'",
    ),
    "list for text": (
        "content: {es: Cerrada., en: Shut.}",
        "content: {es: [Cerrada], en: Shut.}",
        "fragment 'gate': content in 'es' must be text, not a list",
    ),
    "misspelt fragment key": (
        "    difficulty: 2",
        "    dificulty: 2",
        "fragment 'hall' has an unknown key 'dificulty'; did you mean 'difficulty'?",
    ),
    "unknown fragment key": (
        "    difficulty: 2",
        "    weather: 2",
        "fragment 'hall' has an unknown key 'weather'",
    ),
    "misspelt choice key": (
        ENTER,
        ENTER.replace("unlocks_hint", "unlock_hint"),
        "fragment 'gate', choice 1 has an unknown key 'unlock_hint'; did you mean 'unlocks_hint'?",
    ),
    "misspelt story key": (
        "start: gate",
        "strat: gate",
        "the story has an unknown key 'strat'; did you mean 'start'?",
    ),
    "number too high": (
        "    difficulty: 2",
        "    difficulty: 6",
        "fragment 'hall': difficulty must be a number from 1 to 5, not '6'",
    ),
    "text for number": (
        "    difficulty: 2",
        "    difficulty: hard",
        "fragment 'hall': difficulty must be a number from 1 to 5, not 'hard'",
    ),
    "quoted number": (
        "    difficulty: 2",
        '    difficulty: "2"',
        "fragment 'hall': difficulty must be a number from 1 to 5, not '2'; it stands in quotes, "
        "write it without",
    ),
    "quoted flag": (
        "    difficulty: 2",
        "    vip_required: 'false'",
        "fragment 'hall': vip_required must be true or false, not 'false'; it stands in quotes, "
        "write it without",
    ),
    "quoted amount": (
        "    text: {es: Abre algo., en: It opens something.}",
        '    earned: "5"\n    text: {es: Abre algo., en: It opens something.}',
        "hint 'key': earned must be a number from 1 to 1000000, not '5'; it stands in quotes, "
        "write it without",
    ),
    "quoted ending": (
        "    ending: true",
        '    ending: "true"',
        "fragment 'garden': ending must be true or false, not 'true'; it stands in quotes, write "
        "it without",
    ),
    "ending that is no flag": (
        "    ending: true",
        "    ending: yes",
        "fragment 'garden': ending must be true or false, not 'yes'",
    ),
    "enormous number": (
        "    difficulty: 2",
        "    difficulty: " + "9" * 5000,
        f"fragment 'hall': difficulty must be a number from 1 to 5, not '{'9' * 30}…'",
    ),
    "text for flag": (
        "    difficulty: 2",
        "    vip_required: maybe",
        "fragment 'hall': vip_required must be true or false, not 'maybe'",
    ),
    "mapping for tags": (
        "    difficulty: 2",
        "    tags: {dark: true}",
        "fragment 'hall': tags must be a list, not a mapping",
    ),
    "bad tag": (
        "    difficulty: 2",
        "    tags: [dark, Very Dark]",
        f"fragment 'hall': tags {ID_RULE}, not 'Very Dark'",
    ),
    "forbidden reaction": (
        '"❤": 2',
        '"🧨": 2',
        "fragment 'gate': reaction 🧨 is none that Telegram allows; "
        "allowed are for instance ❤ 👍 🔥 🥰 👏 😁 🤔 😢 🎉 🕊",
    ),
    "toned reaction": (
        '"❤": 2',
        '"👍🏽": 2',
        "fragment 'gate': reaction 👍🏽 is none that Telegram allows; use 👍",
    ),
    "reaction for nothing": (
        '"❤": 2',
        '"❤": 0',
        "fragment 'gate': reaction ❤ must be a number from 1 to 1000, not '0'",
    ),
    "reaction twice": (
        '"❤": 2',
        '"❤": 2, "❤\ufe0f": 3',
        "fragment 'gate': reaction ❤\ufe0f is there twice",
    ),
    "nine reactions": (
        '"❤": 2',
        ", ".join(f"{emoji}: 1" for emoji in "👍👎🔥🥰👏😁🤔🤯😱"),
        "fragment 'gate': reactions has 9 emoji; 8 are allowed",
    ),
    "earned for nothing": (
        "    text: {es: Abre algo., en: It opens something.}",
        "    earned: 0\n    text: {es: Abre algo., en: It opens something.}",
        "hint 'key': earned must be a number from 1 to 1000000, not '0'",
    ),
    "misspelt hint key": (
        "    text: {es: Abre algo., en: It opens something.}",
        "    earnt: 10\n    text: {es: Abre algo., en: It opens something.}",
        "hint 'key' has an unknown key 'earnt'; did you mean 'earned'?",
    ),
    "bad choice id": (
        ENTER,
        ENTER.replace("id: enter", "id: Enter!"),
        f"fragment 'gate', choice 1: id {ID_RULE}, not 'Enter!'",
    ),
    "choice without next": (
        "      - id: open",
        "      - {id: stay, text: {es: Quedarse, en: Stay}}\n      - id: open",
        "fragment 'hall', choice 2 has no next",
    ),
    "choice id twice": (
        "      - id: open",
        "      - {id: back, text: {es: Irse, en: Leave}, next: gate}\n      - id: open",
        "fragment 'hall': choices has the id 'back' twice (first in line 21)",
    ),
    "choice is no mapping": (
        "      - id: open",
        "      - leave\n      - id: open",
        "fragment 'hall', choice 2 must be a mapping (key: value), not 'leave'",
    ),
    "long button": (
        "text: {es: Abrir, en: Open it}",
        f"text: {{es: Abrir, en: {'o' * 65}}}",
        "fragment 'hall', choice 'open': text in 'en' has 65 characters; 64 are allowed",
    ),
    "button of two lines": (
        "text: {es: Abrir, en: Open it}",
        'text: {es: Abrir, en: "Open\\nit"}',
        "fragment 'hall', choice 'open': text in 'en' must be one line",
    ),
    "control character": (
        "content: {es: Cerrada., en: Shut.}",
        'content: {es: Cerrada., en: "Shut\\a"}',
        "fragment 'gate': content in 'en' has the character U+0007, which Telegram cannot show",
    ),
    "lone surrogate": (
        "content: {es: Cerrada., en: Shut.}",
        'content: {es: Cerrada., en: "Shut\\uD800."}',
        "fragment 'gate': content in 'en' has the character U+D800, which Telegram cannot show",
    ),
    "long message": (
        "content: {es: Cerrada., en: Shut.}",
        f"content: {{es: Cerrada., en: {'😀' * 2045}}}",
        "fragment 'gate': content in 'en' makes a message of 4100 characters; Telegram allows 4096 "
        "(its title and buttons included)",
    ),
    "too many marked places": (
        "content: {es: Cerrada., en: Shut.}",
        f"content: {{es: Cerrada., en: {'<b>o</b>' * 100}}}",
        # The title is one more.
        "fragment 'gate': content in 'en' makes a message with 101 marked places; Telegram allows "
        "100 (its title and buttons included)",
    ),
    "hint that is too long with the words before it": (
        "text: {es: Abre algo., en: It opens something.}",
        f"text: {{es: Abre algo., en: {'o' * 4050}}}",
        "hint 'key': text in 'en' makes a message of 4105 characters; Telegram allows 4096 "
        "(its title and the words before it included)",
    ),
    "button that shows nothing": (
        "text: {es: Abrir, en: Open it}",
        'text: {es: Abrir, en: "\\u200b\\u3164"}',
        "fragment 'hall', choice 'open': text in 'en' shows nothing: all of its characters are "
        "invisible",
    ),
    "title that shows nothing": (
        "title: {es: La verja, en: The gate}",
        'title: {es: La verja, en: "\\u2800"}',
        "fragment 'gate': title in 'en' shows nothing: all of its characters are invisible",
    ),
    "hint without a language": (
        "text: {es: Abre algo., en: It opens something.}",
        "text: {en: It opens something.}",
        "hint 'key': text has no text in 'es'",
    ),
    "language that is no code": (
        "languages: [es, en]",
        "languages: [es, en, English]",
        "languages must be two-letter codes such as es, not 'English'",
    ),
    "language twice": (
        "languages: [es, en]",
        "languages: [es, en, es]",
        "languages has a language twice",
    ),
    "no language": (
        "languages: [es, en]",
        "languages: []",
        "languages must have one language at least",
    ),
    "bad story id": (
        "story: tale",
        "story: A tale",
        f"story {ID_RULE}, not 'A tale'",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), CASES.values(), ids=CASES.keys())
def test_a_wrong_value_is_the_one_problem(old: str, new: str, said: str) -> None:
    text = spoiled((old, new))
    line = line_of(text, new.split("\n")[0])
    assert problems_of(text) == [f"{FILE}:{line}: {said}"]


def test_a_fragment_that_is_no_mapping_is_the_one_problem() -> None:
    text = spoiled(
        ("old_gate: gate", "old: cellar"), ("  garden:\n", "  cellar: dark\n  garden:\n")
    )
    said = "fragment 'cellar' must be a mapping (key: value), not 'dark'"
    assert problems_of(text) == [f"{FILE}:{line_of(text, '  cellar:')}: {said}"]


UNREADABLE = {
    "a word": ("es", "must be a list, not 'es'"),
    "none": ("[]", "must have one language at least"),
    "a number": ("[12]", "must be two-letter codes such as es, not '12'"),
    "capitals": ("[EN]", "must be two-letter codes such as es, not 'EN'"),
    "a region": ("[es, en-US]", "must be two-letter codes such as es, not 'en-US'"),
    "a mapping": ("[{es: en}]", "must be text, not a mapping"),
}


@pytest.mark.parametrize(("written", "said"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_languages_that_cannot_be_read_are_one_mistake(written: str, said: str) -> None:
    """Nobody knows which texts are missing, then."""
    text = spoiled(("languages: [es, en]", f"languages: {written}")).replace(", en:", ", fr:")
    assert problems_of(text) == [f"{FILE}:2: languages {said}"]


def test_a_text_is_missing_in_a_language_that_could_be_read() -> None:
    text = spoiled(("languages: [es, en]", "languages: [fr, English]"))
    assert f"{FILE}:11: fragment 'gate': title has no text in 'fr'" in problems_of(text)


def test_a_fragment_needs_an_id_that_fits_a_button() -> None:
    text = spoiled(("  garden:\n", "  the-garden:\n"), ("next: garden", "next: the-garden"))
    line = line_of(text, "  the-garden:")
    assert problems_of(text) == [f"{FILE}:{line}: fragment 'the-garden': its id {ID_RULE}"]


def test_more_than_eight_choices_are_too_many() -> None:
    more = "".join(
        f"      - {{id: more_{n}, text: {{es: Más, en: More}}, next: gate}}\n" for n in range(7)
    )
    text = spoiled(("      - id: open", f"{more}      - id: open"))
    assert problems_of(text) == [
        f"{FILE}:20: fragment 'hall': choices has 9 choices; 8 are allowed"
    ]


def test_what_a_story_cannot_do_without_is_named() -> None:
    assert problems_of("languages: [es]\n") == [
        f"{FILE}:1: the story has no start",
        f"{FILE}:1: the story has no fragments",
    ]


def test_a_word_that_yaml_takes_for_something_else_is_still_text() -> None:
    text = spoiled(("{es: Abrir, en: Open it}", "{es: No, en: 12:30}"), ("id: open", "id: yes"))
    choice = parse_story(text, FILE).fragments["hall"].choices[1]
    assert (choice.id, choice.text) == ("yes", {"es": "No", "en": "12:30"})
