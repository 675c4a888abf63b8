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
    "tests.engines",
    "tests.storage.fixtures",
    "tests.storage.compiled",
    "tests.criteria",
    "tests.tiers",
    "tests.seconds",
    "tests.fresh_logging",
    "tests.e2e.programs",
    "tests.e2e.last_words",
    "tests.bus.topologies.redis_places",
    "tests.outages.worlds",
]
