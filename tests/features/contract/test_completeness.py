"""What a feature brings is told of everywhere where it has to be, in both languages."""

import tomllib
from pathlib import Path

import pytest
from aiogram.filters import Command

from tests.features.harness import Harness
from yabot.app.features import FEATURES
from yabot.bot.localization import LANGUAGES
from yabot.feature import Feature

ROOT = Path(__file__).parents[3]
EACH = pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)


def commands_of(harness: Harness) -> list[str]:
    """Those that have a handler, as often as they have one."""
    filters = [
        each.callback
        for handler in harness.dispatcher.message.handlers
        for each in handler.filters or ()
    ]
    return [str(name) for each in filters if isinstance(each, Command) for name in each.commands]


@EACH
def test_its_commands_and_buttons_have_a_text(harness: Harness, feature: Feature) -> None:
    keys = [f"command-{name}" for name in feature.commands]
    keys += [f"menu-{name}" for name in feature.menu]
    for t in map(harness.services.texts.localizer, LANGUAGES):
        assert all(t(key) for key in keys)


@EACH
def test_its_commands_have_one_handler(harness: Harness, feature: Feature) -> None:
    handled = commands_of(harness)
    assert [handled.count(name) for name in feature.commands] == [1] * len(feature.commands)


@EACH
def test_its_texts_are_in_every_language(feature: Feature) -> None:
    if feature.texts is not None:
        assert {file.stem for file in feature.texts.glob("*.ftl")} == set(LANGUAGES)


@EACH
def test_its_events_say_what_they_mean_and_are_in_the_page_of_events(feature: Feature) -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    for kind in feature.events:
        assert f"\n## {kind.event_type}\n" in page, "run `yabot events catalog > docs/events.md`"
        assert kind.__doc__, f"{kind.__name__} needs a docstring: it is what the page says"


@EACH
def test_it_has_a_page(feature: Feature) -> None:
    assert (ROOT / "docs" / "features" / f"{feature.name}.md").is_file()


def test_the_import_rules_list_the_features_in_their_order() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (rule,) = [
        each
        for each in config["tool"]["importlinter"]["contracts"]
        if each.get("containers") == ["yabot.features"]
    ]
    assert rule["exhaustive"], "else a feature that is not listed may import anything"
    assert rule["layers"] == [feature.name for feature in reversed(FEATURES)]
