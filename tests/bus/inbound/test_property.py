"""Any permutation, repetition and delay: each event once, in order, and the late ones told of."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.bus.inbound.service import (
    Sent,
    look,
    new_sequencer,
    send,
    sequence,
    taken_in,
    violations,
)
from tests.storage.fixtures import fresh_copy, new_commits
from tests.tiers import examples
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database

PATIENT = settings(max_examples=examples(25))
CHAIN = ("reaction_detected", "besitos_awarded", "narrative_hint_unlocked")


@dataclass(frozen=True)
class Service:
    """What one update of a reader set going in another service, whose clock is ``skew`` off."""

    user: str
    begins: int
    events: int
    skews: tuple[int, int, int]

    def tell(self, n: int) -> list[Sent]:
        """Each is the cause of the next, by its id or only by its type."""
        return [
            Sent(
                f"{n}.{k}",
                self.begins + k / 10 + self.skews[k],
                CHAIN[k],
                self.user,
                correlation=f"{n}",
                cause=f"{n}.{k - 1}" if (n + k) % 2 else "elsewhere",
            )
            for k in range(self.events)
        ]


skews = st.sampled_from([0, 0, 0, -20, 20])
services = st.builds(
    Service,
    user=st.sampled_from(["7", "8", "9"]),
    begins=st.integers(0, 9),
    events=st.integers(1, 3),
    skews=st.tuples(skews, skews, skews),
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Sent], list[list[Sent]]]:
    """The events as they happened, and in which portions they come, on which way: some twice."""
    told = draw(st.lists(services, min_size=1, max_size=5))
    events = [event for n, service in enumerate(told) for event in service.tell(n)]
    again = draw(st.lists(st.sampled_from(events), max_size=4))
    ways = st.booleans()
    mixed = [replace(each, posted=draw(ways)) for each in draw(st.permutations(events + again))]
    cuts = sorted(draw(st.lists(st.integers(0, len(mixed)), max_size=3)))
    edges = [0, *cuts, len(mixed)]
    return events, [mixed[a:b] for a, b in pairwise(edges)]


def effective(events: Sequence[Sent]) -> dict[str, float]:
    """When each can have happened at the earliest, by name: not before what caused it."""
    found: dict[str, float] = {}
    latest: dict[str, float] = defaultdict(lambda: float("-inf"))
    for event in events:  # causes stand before consequences
        latest[event.correlation] = max(latest[event.correlation], event.second)
        found[event.name] = latest[event.correlation]
    return found


@pytest.mark.criterion("3.2.1", "3.2.4")
@PATIENT
@given(deliveries())
async def test_within_the_window_all_is_put_in_order(
    migrated_sqlite: Path, redis: Redis, delivery: tuple[list[Sent], list[list[Sent]]]
) -> None:
    events, portions = delivery
    async with fresh_copy(migrated_sqlite) as database:
        commits = new_commits(database)
        await _in_portions(commits, redis, portions)
        found = await taken_in(database, events)
        assert sorted(found) == sorted(event.name for event in events)
        _assert_in_order(events, found)
        assert await violations(database) == []


async def _in_portions(commits: CommitLog, redis: Redis, portions: list[list[Sent]]) -> None:
    """All of them come before the first has waited enough; a successor takes them in."""
    sequencer = new_sequencer(commits, redis, window=3600.0)
    for portion in portions:
        await send(commits.database, redis, *portion)
        await look(sequencer)
    await sequence(commits, redis)


def _assert_in_order(events: list[Sent], found: list[str]) -> None:
    at = {name: n for n, name in enumerate(found)}
    stamps = effective(events)
    for event in events:
        for other in events:
            same_chain = event.correlation == other.correlation
            if same_chain and CHAIN.index(event.event_type) < CHAIN.index(other.event_type):
                assert at[event.name] < at[other.name], "causes come first"
            if event.user_id == other.user_id and stamps[event.name] < stamps[other.name]:
                assert at[event.name] < at[other.name], "by their time stamps"


@pytest.mark.criterion("3.2.5")
@PATIENT
@given(st.lists(st.integers(0, 20), min_size=1, max_size=8), st.data())
async def test_what_is_late_is_told_of_exactly_once(
    migrated_sqlite: Path, redis: Redis, seconds: list[int], data: st.DataObject
) -> None:
    """Some of a user's events come when the rest have been taken in."""
    sent = [Sent(f"{n}", second) for n, second in enumerate(seconds)]
    late = data.draw(st.lists(st.sampled_from(sent), unique=True))
    first = [each for each in sent if each not in late]
    async with fresh_copy(migrated_sqlite) as database:
        commits = new_commits(database)
        await sequence(commits, redis, *first, window=0)
        await sequence(commits, redis, *late, *late, window=0.02)
        assert sorted(await taken_in(database, sent)) == sorted(each.name for each in sent)
        reached = max((each.second for each in first), default=-1)
        overtaken = {each.event_id for each in late if each.second < reached}
        told = await _told_of(database)
        assert sorted(told) == sorted(overtaken)


async def _told_of(database: Database) -> list[str]:
    return [event_id for event_id, _ in await violations(database)]
