from pathlib import Path

import pytest

from yabot.deferred_models import defer

# As the program does.
defer()
# What helpers assert is told in full as well.
_packages = (each.name for each in Path(__file__).parent.iterdir() if each.is_dir())
pytest.register_assert_rewrite(*(f"tests.{name}" for name in _packages))

pytest_plugins = [
    "tests.heap",
    "tests.criteria",
    "tests.tiers",
    "tests.seconds",
    "tests.fresh_logging",
    "tests.terminals",
    "tests.e2e.warm_door",
]
# What takes seconds to import, and only who runs tests needs.
FIXTURES = (
    "tests.engines",
    "tests.storage.fixtures",
    "tests.storage.compiled",
    "tests.e2e.programs",
    "tests.e2e.last_words",
    "tests.bus.topologies.redis_places",
    "tests.outages.worlds",
)


def pytest_configure(config: pytest.Config) -> None:
    if not _only_hands_out(config):
        for plugin in FIXTURES:
            config.pluginmanager.import_plugin(plugin)


def _only_hands_out(config: pytest.Config) -> bool:
    """Whether others, which pytest-xdist has started, collect and run the tests."""
    is_distributed = config.getoption("dist", "no") != "no"
    is_one_of_them = hasattr(config, "workerinput")
    return is_distributed and not is_one_of_them and not config.getoption("collectonly")
