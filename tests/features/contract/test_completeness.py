"""What a feature brings is told of everywhere where it has to be, in both languages."""

import inspect
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import DateTime

from tests.complaints import complain
from tests.features.harness import Harness
from tests.storage.schema import without_foundation, without_migrations
from yabot.app.features import FEATURES
from yabot.bot.localization import LANGUAGES
from yabot.feature import Feature

ROOT = Path(__file__).parents[3]
EACH = pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)


@dataclass(frozen=True)
class Taker:
    """A handler of a command."""

    feature: str
    # Whoever sends it; else the one behind may have its turn.
    takes_all: bool


def takers(harness: Harness) -> dict[str, list[Taker]]:
    """Of each command, in the order in which they are asked."""
    found: dict[str, list[Taker]] = defaultdict(list)
    for handler in harness.dispatcher.message.handlers:
        _, _, within = inspect.unwrap(handler.callback).__module__.partition("yabot.features.")
        filters = [each.callback for each in handler.filters or ()]
        for name in (str(name) for each in filters for name in getattr(each, "commands", ())):
            found[name].append(Taker(within.partition(".")[0], len(filters) == 1))
    return found


@EACH
def test_its_commands_and_buttons_have_a_text(harness: Harness, feature: Feature) -> None:
    complain(_without_text(harness, feature))


def _without_text(harness: Harness, feature: Feature) -> Iterator[str]:
    wanted = {f"command-{name}": f"the command /{name}" for name in feature.commands}
    wanted |= {f"menu-{name}": f"its button {name} in /menu" for name in feature.menu}
    for language in LANGUAGES:
        t = harness.services.texts.localizer(language)
        for key, what in wanted.items():
            try:
                t(key)
            except LookupError:
                yield f"{feature.name}: {language}.ftl lacks {key}, which {what} needs"


@EACH
def test_its_commands_have_one_handler(harness: Harness, feature: Feature) -> None:
    found = takers(harness)
    complain(
        f"{feature.name}: /{name} is among its commands, and no handler takes it"
        for name in feature.commands
        if name not in found
    )
    complain(_shadowed(found, feature.name))


def _shadowed(found: Mapping[str, list[Taker]], feature: str) -> Iterator[str]:
    for name, handlers in found.items():
        for first, later in combinations(handlers, 2):
            if first.takes_all and later.feature == feature:
                where = " and ".join(dict.fromkeys((first.feature, feature)))
                yield f"/{name} has handlers in {where}; the later one never runs"


@EACH
def test_its_texts_are_in_every_language(feature: Feature) -> None:
    if feature.texts is not None:
        found = {file.stem for file in feature.texts.glob("*.ftl")}
        complain(
            f"{feature.name}: {feature.texts.name} has no {language}.ftl"
            for language in LANGUAGES
            if language not in found
        )
        complain(
            f"{feature.name}: nobody reads {language}.ftl"
            for language in found
            if language not in LANGUAGES
        )


@EACH
def test_its_events_say_what_they_mean_and_are_in_the_page_of_events(feature: Feature) -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    complain(
        f"docs/events.md lacks {kind.event_type}: run "
        "`yabot events catalog --output docs/events.md`"
        for kind in feature.events
        if f"\n## {kind.event_type}\n" not in page
    )
    complain(
        f"{kind.__name__} needs a docstring: it is what docs/events.md says of it"
        for kind in feature.events
        if not kind.__doc__
    )


@EACH
def test_it_has_a_page(feature: Feature) -> None:
    page = Path("docs") / "features" / f"{feature.name}.md"
    complain([] if (ROOT / page).is_file() else [f"{feature.name} has no page: write {page}"])


@EACH
def test_its_tables_have_migrations(feature: Feature) -> None:
    complain(without_migrations([feature]))


@EACH
def test_its_columns_say_of_which_zone_a_moment_is(feature: Feature) -> None:
    complain(
        f"{column.table.name}.{column.name} is a {column.type!r}, whose zone SQLite forgets: "
        "make it a Moment (yabot.storage.relational.types), in the migration too"
        for table in feature.tables
        for column in table.columns
        if isinstance(column.type, DateTime)
    )


@EACH
def test_its_migrations_run_behind_those_that_make_what_they_refer_to(feature: Feature) -> None:
    if feature.migrations is not None:
        complain(without_foundation(feature))


def test_the_import_rules_list_the_features_in_their_order() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (rule,) = [
        each
        for each in config["tool"]["importlinter"]["contracts"]
        if each.get("containers") == ["yabot.features"]
    ]
    assert rule["exhaustive"], "else a feature that is not listed may import anything"
    assert rule["layers"] == [feature.name for feature in reversed(FEATURES)]
