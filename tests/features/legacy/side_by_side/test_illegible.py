"""What could not be read in the old file, and has got a value here since."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.features.legacy.old_bot import new_profile
from tests.features.legacy.side_by_side.both import Both
from yabot.log.unit_of_work import UnitOfWork

pytestmark = pytest.mark.criterion("5.4.3")

NEXT_YEARS = datetime(2031, 5, 2, 10, tzinfo=UTC)


def stands(both: Both, **values: Any) -> None:
    both.old.path.write_text(json.dumps({"7": new_profile(7) | values}))


async def pays(both: Both) -> None:
    """Here."""

    async def arrange(work: UnitOfWork) -> None:
        seen = (await both.house.merger.look(["7"]))["7"]
        both.house.subscriptions.arrange(work, "7", seen.terms, "vip", NEXT_YEARS)

    await both.house.decide(arrange)


async def rest(both: Both) -> dict[str, Any]:
    """What stands there when both sides are one: nothing is written any more then."""
    await both.rounds(4)
    written, profile = both.old.path.stat(), both.there()["7"]
    await both.rounds(4)
    assert both.old.path.stat() == written
    return profile


async def test_a_name_that_telegram_tells_is_written_once(both: Both) -> None:
    stands(both, first_name={"es": "Ana"})
    await both.comes(7, "Ana")
    profile = await rest(both)
    assert profile["first_name"] == "Ana"


async def test_who_pays_here_pays_there_whatever_role_they_had(both: Both) -> None:
    stands(both, role="admin")
    await both.comes(7)
    assert (await rest(both))["role"] == "admin"
    await pays(both)
    profile = await rest(both)
    assert (profile["role"], profile["vip_expiry"]) == ("vip", "2031-05-02T10:00:00")
    assert (await both.house.ours("7")).role == "vip"


async def test_a_role_that_the_old_bot_has_given_since_is_theirs(both: Both) -> None:
    stands(both, role="admin")
    await both.comes(7)
    await pays(both)
    await rest(both)
    both.old.save_user_profile(both.there()["7"] | {"role": "free", "vip_expiry": None})
    assert (await rest(both))["role"] == "free"
    assert (await both.house.ours("7")).role == "free"


async def test_things_come_beside_what_cannot_be_read_once(both: Both) -> None:
    stands(both, inventory=["rosa", True])
    await both.comes(7)
    await both.gets("vela", 7)
    assert (await rest(both))["inventory"] == ["rosa", True, "vela"]
    await both.gets("vela", 7)
    assert (await rest(both))["inventory"] == ["rosa", True, "vela", "vela"]


async def test_besitos_that_cannot_be_read_are_kept_and_counted_anew(both: Both) -> None:
    stands(both, kisses="1,5")
    await both.comes(7)
    await both.rounds()
    assert await both.has(7) == 5
    assert (await both.house.kept("7")).fields == {"kisses": "1,5"}
    await both.earns(7, 3)
    assert (await rest(both))["kisses"] == 8
    await both.house.spend("7", 3)
    assert (await rest(both))["kisses"] == 5
