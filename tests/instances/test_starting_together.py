"""Nobody has to be first: neither on empty stores, nor at the import of the story."""

import pytest

from tests.instances.fleet import Fleet


@pytest.mark.criterion("scale.3")
def test_processes_that_start_at_the_same_moment_on_empty_stores_all_start(fleet: Fleet) -> None:
    for _ in range(3):
        fleet.launch()
    fleet.until_started()
    fleet.until_shared_by(3)
    assert [bot.stop() for bot in fleet.bots] == [0, 0, 0]
