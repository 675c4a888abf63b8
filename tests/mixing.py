"""A pytest plugin: with several processes, files that wait run beside files that work.

A folder's tests are of a kind: in the order of folders all processes wait together, then all want a
processor together. The last to begin are quick ones, so that nobody waits for one that began late.
"""

from pathlib import Path
from zlib import crc32

import pytest

from tests.tiers import Tier, tier_of

# Of the order, how much has others than quick ones.
MIXED = 0.85


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput") or config.pluginmanager.hasplugin("randomly"):
        return
    others = {item.path for item in items if tier_of(item) is not Tier.QUICK}

    def place(item: pytest.Item) -> float:
        return _by_chance(item.path, config.rootpath) * (MIXED if item.path in others else 1)

    items.sort(key=place)


def _by_chance(file: Path, root: Path) -> float:
    """From 0 to 1, and in every process the same."""
    return crc32(file.relative_to(root).as_posix().encode()) / 2**32
