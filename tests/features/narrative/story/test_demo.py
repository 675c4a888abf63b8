"""The story that newcomers read first is whole, in both languages, with VIP and without."""

from collections.abc import Iterator

import pytest

from yabot.bot.measure import plain_text
from yabot.features.narrative.story import DEMO_FILE, Fragment, Story, demo_story, parse_story

State = tuple[str, frozenset[str]]
RICH = 1_000_000


@pytest.fixture(scope="module")
def story() -> Story:
    return parse_story(demo_story(), DEMO_FILE)


def steps(story: Story, state: State, *, vip: bool) -> Iterator[State]:
    """Where a reader can go from here, played by the rules and not by the checker's code."""
    name, hints = state
    for choice in story.fragments[name].choices:
        onward = story.fragments[choice.next_fragment]
        if choice.requires_hint and choice.requires_hint not in hints:
            continue
        if onward.metadata.vip_required and not vip:
            continue
        found = {choice.unlocks_hint} if choice.unlocks_hint else set()
        yield choice.next_fragment, hints | found


def playthrough(story: Story, *, vip: bool, earned: int) -> dict[State, set[State]]:
    """Every state that a reader with so many besitos can come to, with those that follow it.

    Whoever starts again keeps their hints; that is no way that follows.
    """
    hints = (hint.id for hint in story.hints.values() if (hint.earned or RICH + 1) <= earned)
    start: State = (story.start, frozenset(hints))
    played: dict[State, set[State]] = {}
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state not in played:
            played[state] = set(steps(story, state, vip=vip))
            waiting.extend([*played[state], (story.start, state[1])])
    return played


def finishing(story: Story, played: dict[State, set[State]]) -> set[State]:
    """The states from which an ending can be reached."""
    done = {state for state in played if story.fragments[state[0]].metadata.ending}
    while more := {state for state, onward in played.items() if onward & done} - done:
        done |= more
    return done


def endings(story: Story, played: dict[State, set[State]]) -> set[str]:
    return {name for name, _ in played if story.fragments[name].metadata.ending}


@pytest.mark.standard
def test_it_is_a_real_story(story: Story) -> None:
    metadata = [fragment.metadata for fragment in story.fragments.values()]
    assert len(metadata) >= 28
    assert sum(one.ending for one in metadata) >= 3
    assert sum(one.vip_required for one in metadata) >= 1
    assert sum(bool(one.reactions) for one in metadata) >= 5
    assert {choice.requires_hint for f in story.fragments.values() for choice in f.choices} == {
        None,
        *story.hints,
    }
    assert story.languages == ("es", "en")


@pytest.mark.parametrize("earned", [0, 5, RICH])
@pytest.mark.parametrize("vip", [False, True])
def test_wherever_readers_stand_they_can_come_to_an_end(
    story: Story, vip: bool, earned: int
) -> None:
    played = playthrough(story, vip=vip, earned=earned)
    assert finishing(story, played) == played.keys()


def test_everybody_can_read_all_but_the_vip_fragments(story: Story) -> None:
    played = playthrough(story, vip=False, earned=RICH)
    free = {name for name, f in story.fragments.items() if not f.metadata.vip_required}
    assert {name for name, _ in played} == free
    assert len(endings(story, played)) >= 3


def test_without_a_besito_little_is_missed(story: Story) -> None:
    seen = {name for name, _ in playthrough(story, vip=False, earned=0)}
    with_all = {name for name, _ in playthrough(story, vip=False, earned=RICH)}
    assert with_all - seen == {"ledger", "cat_flap"}


def test_vip_readers_can_read_everything(story: Story) -> None:
    seen = {name for name, _ in playthrough(story, vip=True, earned=RICH)}
    assert seen == story.fragments.keys()


def test_the_free_pages_pay_for_every_hint_that_is_earned(story: Story) -> None:
    """Whichever of its reactions a reader gives to a page."""
    free = {name for name, _ in playthrough(story, vip=False, earned=0)}
    reactions = [story.fragments[name].metadata.reactions for name in free]
    paid = sum(min(each.values()) for each in reactions if each)
    thresholds = [hint.earned for hint in story.hints.values() if hint.earned is not None]
    assert len(thresholds) >= 2
    assert max(thresholds) < paid


def test_every_scene_is_a_page_and_no_more(story: Story) -> None:
    lengths = {
        (fragment.fragment_id, language): len(plain_text(content).split())
        for fragment in story.fragments.values()
        for language, content in fragment.content.items()
    }
    assert {scene: words for scene, words in lengths.items() if not 60 <= words <= 160} == {}


def test_a_reader_always_has_something_to_choose(story: Story) -> None:
    """Also one who has no hint and no VIP sees two choices, except where a scene leads on."""
    narrow = [f.fragment_id for f in story.fragments.values() if len(_open(f)) < 2]
    assert narrow == []


def _open(fragment: Fragment) -> list[str]:
    if fragment.metadata.ending or fragment.metadata.vip_required:
        return ["the end", "or VIP"]
    return [choice.id for choice in fragment.choices if choice.requires_hint is None]
