"""Mistakes between fragments: broken links, dead ends, useless hints, traps."""

import pytest

from tests.features.narrative.story.problems_of import FILE, line_of, problems_of, spoiled
from yabot.features.narrative.story import parse_story

GATE_TO_HALL = "next: hall, unlocks_hint: key"
MISSED = (
    "fragment 'cell' is a trap: a reader may lack the hints that every way from here to an ending "
    "asks for"
)
UNREACHABLE = "is unreachable: no way from the start leads to it"
HINT_TEXT = "    text: {es: Abre algo., en: It opens something.}"
LAMP = """\
  lamp:
    title: {es: Luz, en: Light}
    text: {es: Brilla., en: It shines.}
"""
# The key leads into the cell, and only the lamp out of it.
TO_THE_CELL = (
    ("next: garden\n        requires_hint: key", "next: cell\n        requires_hint: key"),
    ("requires_hint: key}", "requires_hint: lamp}"),
)
ROOM = """\
  {name}:
    title: {{es: Un cuarto, en: A room}}
    content: {{es: Oscuro., en: Dark.}}
"""


def room(name: str, *lines: str) -> str:
    return ROOM.format(name=name) + "".join(f"    {line}\n" for line in lines)


def choice(choice_id: str, onward: str, extra: str = "") -> str:
    return f"{{id: {choice_id}, text: {{es: Ir, en: Go}}, next: {onward}{extra}}}"


def earning(*changes: tuple[str, str]) -> str:
    """The small story with a key that is earned and a hall that needs none; there is a cell, which
    does, and which nothing leads to until ``changes`` make it so.
    """
    cell = room("cell", f"choices: [{choice('out', 'hall', ', requires_hint: key')}]")
    text = spoiled(
        (GATE_TO_HALL, "next: hall"),
        (HINT_TEXT, f"{HINT_TEXT}\n    earned: 10"),
        ("      - id: open\n", f"      - {choice('on', 'garden')}\n      - id: open\n"),
        *((("  garden:\n", f"{cell}  garden:\n"),) if changes else ()),
    )
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def with_door(onward: str, extra: str, *rooms: str) -> str:
    """The small story with one more choice in the hall, and more rooms."""
    return spoiled(
        ("      - id: open\n", f"      - {choice('door', onward, extra)}\n      - id: open\n"),
        ("  garden:\n", "".join(rooms) + "  garden:\n"),
    )


# old, new (the line to expect is that of new), what is said
BROKEN = {
    "misspelt next": (
        GATE_TO_HALL,
        "next: hal, unlocks_hint: key",
        "fragment 'gate', choice 'enter': next 'hal' does not exist; did you mean 'hall'?",
    ),
    "misspelt start": (
        "start: gate",
        "start: gat",
        "start 'gat' does not exist; did you mean 'gate'?",
    ),
    "misspelt hint to unlock": (
        GATE_TO_HALL,
        "next: hall, unlocks_hint: kay",
        "fragment 'gate', choice 'enter': unlocks_hint 'kay' does not exist; did you mean 'key'?",
    ),
    "misspelt hint required": (
        "requires_hint: key",
        "requires_hint: kee",
        "fragment 'hall', choice 'open': requires_hint 'kee' does not exist; did you mean 'key'?",
    ),
    "moved to nowhere": (
        "moved: {old_gate: gate}",
        "moved: {old_gate: attic}",
        "moved 'old_gate': fragment 'attic' does not exist",
    ),
    "moved and still there": (
        "moved: {old_gate: gate}",
        "moved: {hall: gate}",
        "moved 'hall': fragment 'hall' still exists; drop one",
    ),
    "moved twice over": (
        "moved: {old_gate: gate}",
        "moved: {old_gate: older, older: gate}",
        "moved 'old_gate': 'older' has moved itself; name the fragment where it went",
    ),
    "next to nowhere": (
        "next: garden",
        "next: cellar",
        "fragment 'hall', choice 'open': next 'cellar' does not exist",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_link_is_named_where_it_stands(old: str, new: str, said: str) -> None:
    text = spoiled((old, new))
    assert f"{FILE}:{line_of(text, new)}: {said}" in problems_of(text)


@pytest.mark.parametrize("case", [name for name in BROKEN if name.startswith("misspelt")])
def test_a_misspelt_id_counts_as_what_it_meant_and_is_one_problem(case: str) -> None:
    old, new, _ = BROKEN[case]
    assert len(problems_of(spoiled((old, new)))) == 1


def test_a_fragment_without_a_way_on_is_a_dead_end() -> None:
    text = with_door("cellar", "", room("cellar"))
    line = line_of(text, "  cellar:")
    said = "fragment 'cellar' is a dead end: give it choices, or say ending: true"
    assert problems_of(text) == [f"{FILE}:{line}: {said}"]


def test_an_ending_has_no_choices() -> None:
    text = with_door("coda", "", room("coda", "ending: true", f"choices: [{choice('on', 'gate')}]"))
    line = line_of(text, "  coda:")
    said = "fragment 'coda' is an ending, so it cannot have choices"
    assert problems_of(text) == [f"{FILE}:{line}: {said}"]


def test_a_fragment_that_no_choice_leads_to_is_unreachable() -> None:
    text = spoiled(("  garden:\n", room("attic", "ending: true") + "  garden:\n"))
    line = line_of(text, "  attic:")
    said = f"fragment 'attic' {UNREACHABLE}"
    assert problems_of(text) == [f"{FILE}:{line}: {said}"]


def test_fragments_that_lead_to_each_other_alone_are_unreachable() -> None:
    rooms = [
        room(name, f"choices: [{choice('over', over)}, {choice('down', 'gate')}]")
        for name, over in (("loft", "attic"), ("attic", "loft"))
    ]
    text = spoiled(("  garden:\n", "".join(rooms) + "  garden:\n"))
    assert problems_of(text) == [
        f"{FILE}:{line_of(text, f'  {name}:')}: fragment '{name}' {UNREACHABLE}"
        for name in ("loft", "attic")
    ]


def test_a_fragment_where_readers_are_moved_is_reachable() -> None:
    text = spoiled(
        ("old_gate: gate", "old_gate: bridge"),
        ("  garden:\n", room("bridge", f"choices: [{choice('on', 'gate')}]") + "  garden:\n"),
    )
    assert "bridge" in parse_story(text, FILE).fragments


def test_fragments_that_only_lead_to_each_other_reach_no_ending() -> None:
    rooms = (
        room("left", f"choices: [{choice('over', 'right')}]"),
        room("right", f"choices: [{choice('over', 'left')}]"),
    )
    text = with_door("left", "", *rooms)
    assert problems_of(text) == [
        f"{FILE}:{line_of(text, f'  {name}:')}: "
        f"fragment '{name}': no ending can be reached from here"
        for name in ("left", "right")
    ]


def test_a_hint_that_nothing_unlocks_is_useless_and_what_requires_it_never_appears() -> None:
    text = spoiled((GATE_TO_HALL, "next: hall"))
    hint, required = line_of(text, "  key:"), line_of(text, "requires_hint: key")
    assert problems_of(text) == [
        f"{FILE}:{hint}: hint 'key' is never unlocked: "
        "no choice has it as unlocks_hint, and it has no earned",
        f"{FILE}:{required}: fragment 'hall', choice 'open' can never appear: "
        "no reader can have hint 'key' before it",
    ]


def test_a_hint_that_is_earned_needs_no_choice_to_unlock_it() -> None:
    assert parse_story(earning(), FILE).hints["key"].earned == 10


def test_a_hint_locked_up_behind_itself_opens_nothing() -> None:
    safe = room("safe", f"choices: [{choice('take', 'garden', ', unlocks_hint: key')}]")
    text = spoiled(
        (GATE_TO_HALL, "next: hall"),
        ("next: garden\n", "next: safe\n"),
        ("  garden:\n", f"{safe}  garden:\n"),
    )
    required = line_of(text, "requires_hint: key")
    said = "can never appear: no reader can have hint 'key' before it"
    assert problems_of(text) == [f"{FILE}:{required}: fragment 'hall', choice 'open' {said}"]


def test_a_start_that_is_vip_only_keeps_everybody_out() -> None:
    text = spoiled(('    reactions: {"❤": 2}', "    vip_required: true"))
    line = line_of(text, "start: gate")
    assert f"{FILE}:{line}: start 'gate' is VIP only: no newcomer could begin" in problems_of(text)


def test_a_room_that_only_vip_readers_can_leave_is_a_trap() -> None:
    rooms = (
        room("cell", f"choices: [{choice('pay', 'lounge')}]"),
        room("lounge", "vip_required: true", f"choices: [{choice('on', 'gate')}]"),
    )
    text = with_door("cell", "", *rooms)
    said = (
        "fragment 'cell' is a trap for readers without VIP: every way from here to an ending is "
        "VIP only, or asks for a hint that they may lack"
    )
    assert problems_of(text) == [f"{FILE}:{line_of(text, '  cell:')}: {said}"]


def test_a_room_that_only_a_missed_hint_opens_is_a_trap() -> None:
    text = spoiled(
        (
            "      - {id: enter,",
            f"      - {choice('pass_by', 'cell')}\n      - {{id: enter,",
        ),
        (
            "  garden:\n",
            room("cell", f"choices: [{choice('out', 'hall', ', requires_hint: key')}]")
            + "  garden:\n",
        ),
    )
    assert problems_of(text) == [f"{FILE}:{line_of(text, '  cell:')}: {MISSED}"]


def test_a_room_that_only_what_is_earned_opens_is_a_trap() -> None:
    """Nobody is sure to have earned it when they come there."""
    text = earning(("      - id: open\n", f"      - {choice('in', 'cell')}\n      - id: open\n"))
    assert problems_of(text) == [f"{FILE}:{line_of(text, '  cell:')}: {MISSED}"]


def test_what_is_earned_may_lead_into_a_trap_too() -> None:
    """To where only a hint leads on that was passed by."""
    text = earning(
        ("      - {id: enter,", f"      - {choice('by', 'hall')}\n      - {{id: enter,"),
        ("en: Enter}, next: hall}", "en: Enter}, next: hall, unlocks_hint: lamp}"),
        *TO_THE_CELL,
        ("fragments:\n", f"{LAMP}fragments:\n"),
    )
    assert problems_of(text) == [f"{FILE}:{line_of(text, '  cell:')}: {MISSED}"]


def test_whoever_has_the_dearer_hint_has_the_cheaper_one() -> None:
    """So the dearer one may lead to where only the cheaper one leads on, but not the reverse."""
    for cost in (9, 10):
        text = earning(*TO_THE_CELL, ("fragments:\n", f"{LAMP}    earned: {cost}\nfragments:\n"))
        assert parse_story(text, FILE).hints["lamp"].earned == cost
    text = earning(*TO_THE_CELL, ("fragments:\n", f"{LAMP}    earned: 11\nfragments:\n"))
    assert problems_of(text) == [f"{FILE}:{line_of(text, '  cell:')}: {MISSED}"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = spoiled(
        ("start: gate", "strat: gate"),
        ("title: {es: La llave, en: The key}", "title: {es: La llave}"),
        ("content: {es: Cerrada., en: Shut.}", "content: {es: Cerrada., en: <b>Shut.}"),
        (GATE_TO_HALL, "next: hal, unlocks_hint: key"),
        ("difficulty: 2", "difficulty: none"),
        ("    ending: true\n", "    ending: true\n    choices: []\n    mood: sad\n"),
    )
    lines = [int(problem.split(":")[1]) for problem in problems_of(text)]
    parts = ["strat", "La llave", "<b>", "next: hal,", "difficulty", "mood"]
    assert lines == [line_of(text, part) for part in parts]
