"""What a hand-over gives away, a process does not have any more."""

from dataclasses import dataclass, field

import pytest
from typing_extensions import override

from tests.storage.fixtures import PARTITIONS, NewDatabase
from yabot.bus.groups.positions import declare_groups
from yabot.bus.groups.shares import Shares
from yabot.clock import utc_now
from yabot.log.leases import SharedLeases

pytestmark = pytest.mark.criterion("scale.3")

GROUP = "test"
EVERYTHING = set(range(PARTITIONS))


@dataclass(frozen=True, slots=True)
class Noted(SharedLeases):
    """Knows what it was told to release."""

    released: list[int] = field(default_factory=list)

    @override
    async def release(self, group: str, tokens: dict[int, int]) -> None:
        self.released.extend(tokens)
        # Not ``super()``: a dataclass with slots is another class than the one written here.
        await SharedLeases.release(self, group, tokens)


async def of_one_process(new: NewDatabase) -> tuple[Shares, Noted]:
    database = new()
    await database.open()
    await database.write(declare_groups([GROUP]))
    leases = Noted(database)
    return Shares(GROUP, database, leases), leases


def held(shares: Shares) -> set[int]:
    return {share.partition for share in shares}


async def test_each_partition_that_is_handed_over_is_released_once(
    new_postgres: NewDatabase,
) -> None:
    one, leases = await of_one_process(new_postgres)
    two, _ = await of_one_process(new_postgres)
    await one.refresh()
    await two.refresh()
    assert await one.refresh() == []
    await two.refresh()
    assert held(two) == EVERYTHING - held(one)
    assert len(held(two)) == PARTITIONS / 2
    assert sorted(leases.released) == sorted(held(two))


async def test_what_is_handed_over_is_not_begun_with_the_token_it_had(
    new_postgres: NewDatabase,
) -> None:
    """Nobody else wants it any more by the time when its last event is finished."""
    one, _ = await of_one_process(new_postgres)
    two, _ = await of_one_process(new_postgres)
    await one.refresh()
    for share in one:
        share.take(1, utc_now())
    await two.refresh()
    await one.refresh()
    closing = [share for share in one if share.closed]
    assert len(closing) == PARTITIONS / 2
    await two.leave()
    for share in closing:
        share.finish(1)
    assert await one.refresh() == []
    again = await one.refresh()
    assert {share.partition for share in again} == {share.partition for share in closing}
    tokens = {share.partition: share.token for share in closing}
    assert all(share.token > tokens[share.partition] for share in again)
    assert held(one) == EVERYTHING
