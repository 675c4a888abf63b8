"""One user's events of both kinds have their turns in chronological order, causes first."""

import asyncio
from datetime import timedelta

import pytest

from tests.waiting import PATIENCE
from yabot.bus.groups.turns import Turns
from yabot.clock import utc_now
from yabot.events.envelope import Envelope

NOW = utc_now()


def event(
    name: str,
    second: float,
    *,
    ours: bool,
    user: str | None = "7",
    cause: str = "elsewhere",
    event_type: str = "user_interaction",
) -> Envelope:
    return Envelope(
        event_id=name,
        event_type=event_type,
        version=1,
        timestamp=NOW + timedelta(seconds=second),
        user_id=user,
        sequence=1 if ours else None,
        correlation_id="c",
        causation_id=cause,
        payload={},
    )


def before(event_type: str) -> frozenset[str]:
    return frozenset({"reaction_detected"} if event_type == "besitos_awarded" else ())


class Lane:
    def __init__(self) -> None:
        self.turns = Turns(before)
        self.settled: list[str] = []
        # The group has not read the log any further.
        self.is_ahead = False

    def add(self, envelope: Envelope) -> None:
        async def settle() -> None:
            self.settled.append(envelope.event_id)

        self.turns.add(envelope, settle, lambda: self.is_ahead)


@pytest.mark.criterion("3.2.1", "3.2.4")
async def test_another_services_event_goes_before_what_happened_after_it() -> None:
    lane = Lane()
    for each in (
        event("first", -30, ours=True),
        event("third", -20, ours=True),
        event("fourth", -10, ours=True),
        event("second", -25, ours=False),
        event("fifth", -5, ours=False),
    ):
        lane.add(each)
    for _ in range(5):
        await lane.turns.take("7")
    assert lane.settled == ["first", "second", "third", "fourth", "fifth"]


@pytest.mark.standard
@pytest.mark.criterion("3.2.1", "3.2.4")
async def test_our_own_event_waits_for_what_is_still_under_way() -> None:
    lane = Lane()
    lane.turns.mixed = True
    lane.add(event("ours", 0.2 + (utc_now() - NOW).total_seconds(), ours=True))
    takes = [asyncio.create_task(lane.turns.take("7"))]
    await asyncio.sleep(0)
    lane.add(event("theirs", -0.1, ours=False))
    takes.append(asyncio.create_task(lane.turns.take("7")))
    await asyncio.gather(*takes)
    assert lane.settled == ["theirs", "ours"]


@pytest.mark.standard
@pytest.mark.criterion("3.2.1", "3.2.4")
async def test_our_own_event_waits_however_old_it_is_for_a_group_that_reads_on() -> None:
    lane = Lane()
    lane.turns.mixed = lane.is_ahead = True
    lane.add(event("ours", -60, ours=True))
    takes = [asyncio.create_task(lane.turns.take("7"))]
    await asyncio.sleep(0)
    lane.add(event("theirs", -61, ours=False))
    takes.append(asyncio.create_task(lane.turns.take("7")))
    lane.is_ahead = False
    await asyncio.gather(*takes)
    assert lane.settled == ["theirs", "ours"]


@pytest.mark.standard
async def test_an_event_of_a_clock_that_is_ahead_waits_no_longer_than_others() -> None:
    lane = Lane()
    lane.turns.mixed = True
    lane.add(event("ours", 3600, ours=True))
    async with asyncio.timeout(PATIENCE):
        await lane.turns.take("7")
    assert lane.settled == ["ours"]


async def test_nothing_waits_where_no_other_service_sends() -> None:
    lane = Lane()
    lane.add(event("ours", 3600, ours=True))
    await lane.turns.take("7")
    assert lane.settled == ["ours"]


async def test_a_cause_stays_before_what_came_of_it_whatever_the_clocks_say() -> None:
    lane = Lane()
    lane.add(event("ours", -5, ours=True))
    lane.add(event("theirs", -30, ours=False, cause="ours"))
    lane.add(event("reaction", -4, ours=True, event_type="reaction_detected"))
    lane.add(event("award", -31, ours=False, event_type="besitos_awarded"))
    for _ in range(4):
        await lane.turns.take("7")
    assert lane.settled == ["ours", "theirs", "reaction", "award"]


async def test_other_services_events_stay_as_the_sequencer_has_put_them() -> None:
    lane = Lane()
    lane.add(event("ours", -5, ours=True))
    lane.add(event("cause", -2, ours=False))
    lane.add(event("consequence", -30, ours=False, cause="cause"))
    for _ in range(3):
        await lane.turns.take("7")
    assert lane.settled == ["ours", "cause", "consequence"]


async def test_lanes_do_not_wait_for_each_other() -> None:
    lane = Lane()
    lane.add(event("ours", -5, ours=True))
    lane.add(event("theirs", -30, ours=False, user="8"))
    await lane.turns.take("7")
    await lane.turns.take("8")
    assert lane.settled == ["ours", "theirs"]
