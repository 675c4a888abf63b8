"""A pytest plugin with the tiers of the suite; ``--tier`` chooses one.

- ``quick``: what needs no database, no engine and no program: a pure look at the code.
- ``standard``: that, what takes longer, and all that asks for no more than running engines.
- ``slow``: the rest: stores that are killed, cut off and frozen, what becomes of their engines,
  fleets, topologies, a browser, programs that are started cold or again and again, and whatever
  else takes seconds by itself; and all properties again, against more examples.
- ``all``, the default: everything.

A test is in the first of these that can run it. Nobody lists the quick ones: a test that asks for
no store is quick, unless it is marked. Properties are held against fewer examples the quicker the
tier is.
"""

import enum
from collections.abc import Sequence
from functools import cache
from itertools import compress
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

TESTS = Path(__file__).parent
# What such folders are about takes a while, whatever the machine.
SLOW_FOLDERS = (
    *("bus/topologies", "client/contract", "crash", "deploy", "embedded"),
    *("features/legacy/ending", "instances", "outages"),
)
# What such folders are about is a store, a server or a program, in this process or another one.
STORE_FOLDERS = (
    *("api/encryption", "bot/intake", "bot/processing", "bot/sender", "bot/webhook"),
    *("bus", "cli", "coordinator", "e2e", "log"),
    *("playground", "setup", "stores_over_tls"),
    *("features/alerts", "features/besitos", "features/menu", "features/rewards"),
    *("features/shop", "features/users", "features/legacy/importing"),
    *("features/legacy/side_by_side", "features/legacy/verifying"),
)
# Whoever asks for one of these asks for a store or a program, also through other fixtures.
STORES = {
    *("api", "mongodb_uri", "redis_url", "postgres_url", "postgres_server", "forks"),
    *("migrated_sqlite", "empty_sqlite"),
}
# And with such a parameter for a database, when the test runs.
DATABASES = ("sqlite", "postgres")
# And for one of these, for servers of its own, to take them away.
MORTAL = {"mortal_mongod", "mortal_valkey", "mortal_postgres"}
MARKERS = {
    "standard": "not quick, and no fixture says so: starts a server or a program, has a store that"
    " does not answer, or takes a twentieth of a second by itself",
    "slow": "belongs to the slow tier, wherever it lies: kills, starts programs cold or again and"
    " again, or takes seconds by itself",
    "page": "drives the playground's page in headless Chromium",
}


class Tier(enum.StrEnum):
    QUICK = "quick"
    STANDARD = "standard"
    SLOW = "slow"


# What each choice runs.
CHOICES = {
    "quick": {Tier.QUICK},
    "standard": {Tier.QUICK, Tier.STANDARD},
    "slow": {Tier.SLOW},
    "all": {*Tier},
}
# Folders that have nothing for it.
WITHOUT = {
    "quick": (*SLOW_FOLDERS, *STORE_FOLDERS),
    "standard": SLOW_FOLDERS,
    "slow": (),
    "all": (),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tier", choices=[*CHOICES], default="all", help="which tests to run")


# How many examples a property is given that does not say itself.
EXAMPLES = {"quick": 8, "standard": 15, "slow": 50, "all": 100}


def examples(wished: int) -> int:
    """For a property that costs more than others: that many, and fewer in quicker tiers."""
    return max(5, wished * settings().max_examples // EXAMPLES["all"])


def pytest_configure(config: pytest.Config) -> None:
    # A loaded machine is slow, and properties hold all the same: no deadline. A fixture is one and
    # the same for all examples, as those of a session are for all tests: it is a place (a store, a
    # server, the harness), and each example brings its own readers, files and keys.
    settings.register_profile(
        "tier",
        deadline=None,
        max_examples=EXAMPLES[config.getoption("tier")],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    settings.load_profile("tier")
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Literal[True] | None:
    """Folders that have nothing for the chosen tier: importing them takes longer than its tests."""
    left_out = WITHOUT[config.getoption("tier")]
    return True if any(collection_path == TESTS / folder for folder in left_out) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tier = config.getoption("tier")
    chosen = [
        tier_of(item) in CHOICES[tier] or (tier == Tier.SLOW and _is_property(item))
        for item in items
    ]
    if not all(chosen):
        left_out = [item for item, is_chosen in zip(items, chosen, strict=True) if not is_chosen]
        config.hook.pytest_deselected(items=left_out)
        items[:] = compress(items, chosen)


def tier_of(item: pytest.Item) -> Tier:
    if _is_slow(item):
        return Tier.SLOW
    return Tier.STANDARD if _is_standard(item) else Tier.QUICK


def _is_slow(item: pytest.Item) -> bool:
    if item.get_closest_marker("slow") or item.get_closest_marker("page"):
        return True
    return _lies_in(item.path, SLOW_FOLDERS) or not MORTAL.isdisjoint(_fixtures(item))


def _is_standard(item: pytest.Item) -> bool:
    if item.get_closest_marker("standard") or _lies_in(item.path, STORE_FOLDERS):
        return True
    chosen = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return any(one in DATABASES for one in chosen) or not STORES.isdisjoint(_fixtures(item))


def _fixtures(item: pytest.Item) -> Sequence[str]:
    """All that it asks for, also through other fixtures."""
    names: Sequence[str] = getattr(item, "fixturenames", ())
    return names


def _is_property(item: pytest.Item) -> bool:
    return is_hypothesis_test(getattr(item, "obj", None))


@cache
def _lies_in(file: Path, folders: Sequence[str]) -> bool:
    return any(file.is_relative_to(TESTS / folder) for folder in folders)
