"""Nothing that is wrong with the old store keeps a reader from being answered."""

import json
from pathlib import Path

import pytest

from tests.features.legacy.side_by_side.both import Both
from tests.storage.failing_writes import FailingWrites
from yabot.errors import GuardFailed
from yabot.features.legacy.side_by_side.dual import FOLDER
from yabot.observability.metrics import REGISTRY

pytestmark = pytest.mark.criterion("5.4.3")


async def test_a_copy_that_cannot_be_read_is_no_readers_trouble(both: Both, tmp_path: Path) -> None:
    both.earns_there(7, 20)
    await both.round()
    (tmp_path / "data" / FOLDER / "snapshot.db").write_bytes(b"not a database" * 100)
    await both.comes(7)
    assert await both.has(7) == 0
    assert await both.house.audits() == []


async def test_an_entry_that_says_nothing_is_no_readers_trouble(both: Both) -> None:
    both.old.path.write_text('{"7": "perdido", "8": {"kisses": 3}}')
    await both.round()
    await both.comes(7)
    await both.comes(8)
    assert (await both.has(7), await both.has(8)) == (0, 3)
    await both.rounds()
    # Whoever knows what it was can still mend it.
    assert json.loads(both.old.path.read_text())["7"] == "perdido"


async def test_who_is_merged_is_counted_with_the_commit(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.earns_there(7, 20)
    await both.round()
    commits = both.house.world.services.commits
    racing = FailingWrites(commits.database, GuardFailed("somebody was faster"))
    racing.fail()
    before = merged()
    with monkeypatch.context() as patched:
        patched.setattr(commits, "database", racing)
        await both.comes(7)
    assert racing.has_failed
    assert await both.has(7) == 25
    assert merged() == before + 1


def merged() -> float:
    labels = {"outcome": "imported"}
    return REGISTRY.get_sample_value("yabot_legacy_merged_total", labels) or 0.0
