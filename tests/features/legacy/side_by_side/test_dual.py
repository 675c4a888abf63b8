"""Both bots at work on one file: nobody is lost, and no kiss counts twice."""

import json

import pytest

from tests.features.legacy.old_bot import new_profile
from tests.features.legacy.side_by_side.both import Both

pytestmark = pytest.mark.criterion("5.4.3")


async def test_who_comes_for_the_first_time_has_what_they_had(both: Both) -> None:
    both.earns_there(7, 20)
    await both.round()
    await both.comes(7)
    assert await both.has(7) == 25
    events = await both.house.told("7")
    assert events.count("user_registered") == 1
    assert await both.house.audits() == []


async def test_who_comes_before_the_old_store_is_known_is_merged_later(both: Both) -> None:
    both.earns_there(7, 20)
    await both.comes(7)
    assert await both.has(7) == 0
    await both.rounds()
    assert await both.has(7) == 25
    assert both.there()["7"]["kisses"] == 25


async def test_what_changes_here_is_written_for_the_old_bot(both: Both) -> None:
    await both.comes(7, "Ana")
    await both.earns(7, 3)
    await both.rounds()
    profile = both.there()["7"]
    expected = new_profile(7) | {"first_name": "Ana", "kisses": 3, "metadata": {"yabot": 1}}
    assert profile == expected
    before = both.old.path.stat().st_mtime_ns
    await both.rounds()
    assert both.old.path.stat().st_mtime_ns == before


async def test_what_both_have_earned_is_there_on_both_sides(both: Both) -> None:
    both.earns_there(7, 20)
    await both.round()
    await both.comes(7)
    for n in range(1, 4):
        await both.earns(7, 10 * n)
        both.earns_there(7, n)
        both.earns_there(8, n)
        await both.rounds()
    total = 25 + 60 + 6
    assert await both.has(7) == total
    assert both.there()["7"]["kisses"] == total
    assert await both.has(8) == both.there()["8"]["kisses"] == 5 + 6
    assert await both.house.audits() == []


async def test_an_old_bot_that_had_read_before_our_write_takes_nothing_back(both: Both) -> None:
    """It writes all users as it had read them, and one of them changed."""
    both.earns_there(7, 5)
    both.earns_there(8, 5)
    await both.round()
    await both.comes(7)
    await both.comes(8)
    await both.rounds()
    stale = both.there()
    await both.earns(7, 100)
    await both.earns(8, 100)
    await both.rounds()
    stale["7"]["kisses"] += 1
    both.old.path.write_text(json.dumps(stale))
    await both.rounds()
    assert (await both.has(7), await both.has(8)) == (111, 110)
    assert [both.there()[key]["kisses"] for key in "78"] == [111, 110]
    assert await both.house.audits() == []


async def test_who_is_missing_in_the_file_is_written_again(both: Both) -> None:
    """The old bot has rewritten it from what it had read before it knew them."""
    await both.comes(7)
    await both.earns(7, 3)
    await both.rounds()
    both.old.path.write_text("{}")
    await both.rounds()
    assert both.there()["7"]["kisses"] == 3
    assert await both.has(7) == 3


async def test_a_torn_file_takes_nobody_away_and_is_not_written(both: Both) -> None:
    both.earns_there(7, 20)
    both.earns_there(8, 20)
    await both.round()
    await both.comes(7)
    await both.earns(7, 1)
    whole = both.old.path.read_text()
    torn = whole[:-40]
    both.old.path.write_text(torn)
    await both.round()
    both.dual.mirror.still_written = 0.0
    with pytest.raises(Exception, match="torn"):
        await both.rounds()
    assert both.old.path.read_text() == torn
    assert await both.has(7) == 26
    both.old.path.write_text(whole)
    await both.rounds()
    assert [both.there()[key]["kisses"] for key in "78"] == [26, 25]


async def test_who_wants_to_be_forgotten_goes_from_the_old_store(both: Both) -> None:
    both.earns_there(7, 20)
    both.earns_there(8, 20)
    await both.round()
    await both.comes(7)
    await both.rounds()
    stale = both.old.path.read_text()
    await both.house.world.delete()
    await both.rounds()
    assert [*both.there()] == ["8"]
    snapshot = await both.dual.following.run_once(None)
    assert snapshot.find("7") is None
    snapshot.close()
    # An old bot that had read it before writes it once more.
    both.old.path.write_text(stale)
    await both.rounds()
    assert [*both.there()] == ["8"]
    await both.comes(7, "Nueva")
    await both.rounds()
    assert await both.has(7) == 0
    assert both.there()["7"]["first_name"] == "Nueva"
