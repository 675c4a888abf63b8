"""A story with more ways than can be played: what is certain is found, the rest is not claimed."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from yabot.cli.stories import app
from yabot.errors import StoryInvalid
from yabot.features.narrative.story.parser import examine_story

ROOMS = 18
Page = dict[str, object]


def maze(*, trap: bool) -> str:
    """Each room has a hint that may be taken or left, and the last ones ask for all of them."""
    fragments = {
        f"s{n}": page(
            choice("take", f"s{n + 1}", unlocks_hint=f"h{n}"), choice("leave", f"s{n + 1}")
        )
        for n in range(ROOMS)
    }
    ways = [choice(f"c{n}", "end", requires_hint=f"h{n}") for n in range(ROOMS)]
    fragments[f"s{ROOMS}"] = page(*ways[:6], choice("key", "more", unlocks_hint="key"))
    fragments["more"] = page(*ways[6:12], choice("on", "most"))
    fragments["most"] = page(*ways[12:], choice("on", "locked"))
    fragments["locked"] = page(choice("open", "end", requires_hint="key"))
    fragments["end"] = page() | {"ending": True}
    fragments["a"] = page(*([choice("trap", "locked")] if trap else []), choice("maze", "s0"))
    return story(fragments, [*(f"h{n}" for n in range(ROOMS)), "key"], start="a")


def story(fragments: dict[str, Page], hints: list[str], start: str) -> str:
    told = {name: {"title": {"en": name}, "text": {"en": name}} for name in hints}
    head = {"story": "maze", "languages": ["en"], "start": start}
    return yaml.safe_dump({**head, "hints": told, "fragments": fragments})


def page(*choices: Page) -> Page:
    words: Page = {"title": {"en": "A room"}, "content": {"en": "It has doors."}}
    return words | ({"choices": list(choices)} if choices else {})


def choice(name: str, leads_to: str, **hints: str) -> Page:
    return {"id": name, "text": {"en": name}, "next": leads_to, **hints}


@pytest.mark.standard
def test_a_certain_trap_beside_a_maze_is_found() -> None:
    with pytest.raises(StoryInvalid, match="fragment 'locked' is a trap"):
        examine_story(maze(trap=True), "maze.yaml")


@pytest.mark.slow
def test_what_is_not_proved_is_said(tmp_path: Path) -> None:
    file = tmp_path / "maze.yaml"
    file.write_text(maze(trap=False))
    told = CliRunner().invoke(app, ["check", str(file)])
    assert told.exit_code == 0
    assert "no mistakes" not in told.output
    assert "Not proved: that every reader comes to an end from" in told.output
    for_programs = json.loads(CliRunner().invoke(app, ["check", str(file), "--json"]).output)
    assert for_programs["mistakes"] == []
    assert for_programs["unproved"]


def test_mistakes_are_told_to_programs_too(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("story: x\n")
    told = CliRunner().invoke(app, ["check", str(file), "--json"])
    assert told.exit_code == 1
    assert any("broken.yaml:1" in mistake for mistake in json.loads(told.output)["mistakes"])


def test_hints_that_nobody_asks_for_any_more_cost_nothing() -> None:
    """Each room asks for the hint of the room before it, and for no other."""
    rooms = 40
    fragments = {
        f"s{n}": page(
            choice("take", f"s{n + 1}", unlocks_hint=f"h{n}"),
            choice("leave", f"s{n + 1}"),
            *([choice("shortcut", f"s{n + 1}", requires_hint=f"h{n - 1}")] if n else []),
        )
        for n in range(rooms)
    }
    fragments[f"s{rooms}"] = page() | {"ending": True}
    text = story(fragments, [f"h{n}" for n in range(rooms)], start="s0")
    assert examine_story(text, "rooms.yaml").unproved == ()
