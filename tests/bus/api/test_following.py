"""Whoever follows the log by the API gets each event once and in order, whatever happens."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from tests.api.client import ApiClient, serving
from tests.bus.api.follower import Follower, link_of, texts
from tests.bus.log import ALL, committed, tell, told_in
from tests.storage.fixtures import NewDatabase, new_commits
from tests.storage.meanwhile import Meanwhile
from tests.tiers import examples
from yabot.api.operations.cursors import Cursors
from yabot.api.operations.door import Door
from yabot.bus import history
from yabot.bus.api import routes
from yabot.events.partition import partition_of
from yabot.log.commit_log import CommitLog
from yabot.log.tables import outbox, partitions
from yabot.storage.relational.database import Database

BUSY, QUIET = "7", "8"


@dataclass(frozen=True)
class Moment:
    """All of this at once: units of work by their users, and pages by their limits."""

    units: Sequence[str | None]
    limits: Sequence[int]


moments = st.builds(
    Moment,
    st.lists(st.sampled_from(["7", "8", "9", "10", None]), max_size=6),
    st.lists(st.integers(1, 7), max_size=4),
)


@pytest.mark.parametrize("processes", [1, 3])
@settings(max_examples=examples(30))
@given(moments=st.lists(moments, max_size=6))
async def test_each_event_comes_once_and_in_order_while_others_are_committed(
    new_database: NewDatabase, processes: int, moments: Sequence[Moment]
) -> None:
    databases = [new_database() for _ in range(processes)]
    for each in databases:
        await each.open()
    logs = [new_commits(each) for each in databases]
    begin = await databases[0].read(history.end)
    seen: list[str] = []
    place = begin

    async def follow(limits: Sequence[int]) -> None:
        nonlocal place
        for limit in limits:
            portion = await databases[-1].read(history.events_after(place, limit))
            assert len(portion.envelopes) <= limit
            seen.extend(portion.envelopes)
            place = portion.place

    for moment in moments:
        told = (
            tell(logs[n % processes], str(uuid4()), user, 1 + n % 3)
            for n, user in enumerate(moment.units)
        )
        await asyncio.gather(follow(moment.limits), *told)
    while place != await databases[0].read(history.end):
        await follow([5])
    log = await committed(databases[0])
    assert by_partition(seen) == {n: log[n][begin[n] :] for n in ALL}
    for each in databases:
        await each.close()


def by_partition(envelopes: Sequence[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {n: [] for n in ALL}
    for text in envelopes:
        event = json.loads(text)
        lane = event.get("user_id", event["correlation_id"])
        found[partition_of(lane, len(ALL))].append(text)
    return found


async def test_events_are_given_as_they_stand_in_the_log(
    database: Database, commits: CommitLog, follower: Follower
) -> None:
    await tell(commits, "one", "7", 3)
    await tell(commits, "two", None)
    await follower.drain(2)
    in_the_log = told_in(await committed(database))
    assert sorted(texts(follower.events)) == sorted(texts(in_the_log))
    assert all(None not in event.values() for event in follower.events)


async def test_who_has_all_is_given_the_cursor_to_ask_with_later(
    commits: CommitLog, follower: Follower
) -> None:
    await tell(commits, "one", "7")
    assert (await follower.page()).body["more"] is False
    assert (await follower.page()).body["items"] == []
    await tell(commits, "two", "7")
    await follower.page()
    assert follower.actions == ["one:0", "two:0"]


async def test_latest_is_behind_all_that_there_is(commits: CommitLog, follower: Follower) -> None:
    await tell(commits, "one", "7")
    follower.cursor = "latest"
    assert (await follower.page()).body["items"] == []
    await tell(commits, "two", "7")
    await follower.page()
    assert follower.actions == ["two:0"]


@pytest.fixture
def meanwhile(database: Database) -> Meanwhile:
    return Meanwhile(database)


@pytest.fixture
async def interrupted(meanwhile: Meanwhile) -> AsyncIterator[Follower]:
    """Something happens behind the first thing that is read for a page."""
    commits = new_commits(meanwhile)
    async with serving(routes(commits, Door(commits))) as api:
        await Follower(api).page()
        yield Follower(api)


async def test_latest_gives_nothing_whatever_comes_just_then(
    commits: CommitLog, meanwhile: Meanwhile, interrupted: Follower
) -> None:
    await tell(commits, "one", "7")
    interrupted.cursor = "latest"
    meanwhile.arm(lambda: tell(commits, "two", "7"))
    assert (await interrupted.page()).body["items"] == []
    assert meanwhile.has_happened
    await interrupted.page()
    assert interrupted.actions == ["two:0"]


async def test_the_beginning_is_there_whatever_retention_takes_just_then(
    database: Database, commits: CommitLog, meanwhile: Meanwhile, interrupted: Follower
) -> None:
    await tell(commits, "one", "7", 6)
    meanwhile.arm(lambda: remove(database, "7", up_to=4))
    assert (await interrupted.page()).status == 200
    assert meanwhile.has_happened
    assert interrupted.actions[-2:] == ["one:4", "one:5"]


async def test_a_busy_partition_holds_no_other_up(commits: CommitLog, follower: Follower) -> None:
    await tell(commits, "busy", BUSY, 40)
    await tell(commits, "quiet", QUIET, 3)
    await follower.page(8)
    assert sum(action.startswith("quiet") for action in follower.actions) == 3
    assert len(follower.events) == 8
    await follower.drain(8)
    assert [each for each in follower.actions if "busy" in each] == [f"busy:{n}" for n in range(40)]


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_everybodys_turn_comes_with_the_smallest_pages(
    commits: CommitLog, follower: Follower, limit: int
) -> None:
    """As many pages as there are partitions: each has had one that begins with it."""
    users = {partition_of(str(user), len(ALL)): str(user) for user in range(1, 40)}
    assert len(users) == len(ALL)
    for user in users.values():
        await tell(commits, f"of {user}", user, 20)
    for _ in ALL:
        await follower.page(limit)
    assert {event["user_id"] for event in follower.events} == set(users.values())


async def test_only_the_types_that_are_asked_for(
    database: Database, commits: CommitLog, api: ApiClient, follower: Follower
) -> None:
    await tell(commits, "one", "7", 5)
    await rename_first(database)
    await follower.drain(2, "user_registered", "user_deleted")
    assert follower.actions == ["one:0"]
    others = Follower(api)
    await others.drain(2, "user_registered", "user_interaction")
    assert others.actions == [f"one:{n}" for n in range(1, 5)]


async def rename_first(database: Database) -> None:
    """As if the first event had another type."""
    await change(
        database, update(outbox).where(outbox.c.pos == 1).values(event_type="user_deleted")
    )


async def test_a_type_that_there_is_none_of_is_refused(api: ApiClient) -> None:
    refused = await api.get("/events?event_type=unheard_of")
    assert (refused.status, refused.code) == (422, "invalid_request")


async def test_a_cursor_is_for_the_same_types(commits: CommitLog, api: ApiClient) -> None:
    await tell(commits, "one", "7")
    cursor = (await api.get("/events")).body["next"]
    refused = await api.get(f"/events?after={cursor}&event_type=user_deleted")
    assert (refused.status, refused.code) == (422, "cursor_invalid")


async def test_a_cursor_of_other_partitions_is_refused(database: Database, api: ApiClient) -> None:
    listing = await Cursors(database).of("follow_events", types="")
    refused = await api.get(f"/events?after={listing.cursor([0] * (len(ALL) + 1))}")
    assert (refused.status, refused.code) == (422, "cursor_invalid")


async def test_what_retention_has_taken_is_said_and_where_the_log_begins_now(
    database: Database, commits: CommitLog, follower: Follower
) -> None:
    await tell(commits, "one", "7", 6)
    await tell(commits, "other", "8", 2)
    await follower.page(2)
    await remove(database, "7", up_to=4)
    refused = await follower.page()
    assert (refused.status, refused.code) == (410, "events_removed")
    went_on = await follower.api.get(link_of(refused))
    actions = [event["payload"]["action"] for event in went_on.body["items"]]
    # What it has had of others does not come again.
    assert set(follower.actions).isdisjoint(actions)
    assert sorted(actions)[:2] == ["one:4", "one:5"]
    fresh = Follower(follower.api)
    await fresh.drain()
    assert sorted(fresh.actions) == ["one:4", "one:5", "other:0", "other:1"]


async def test_a_gap_is_never_passed_over(
    database: Database, commits: CommitLog, follower: Follower
) -> None:
    """Retention goes by age: with two clocks it may take an event behind one that stays."""
    await tell(commits, "one", "7", 6)
    await remove(database, "7", up_to=4, but=2)
    assert [(await follower.page()).status for _ in range(2)] == [200, 410]
    assert follower.actions == ["one:1"]
    went_on = await follower.api.get(link_of(await follower.page()))
    assert [e["payload"]["action"] for e in went_on.body["items"]] == ["one:4", "one:5"]


async def test_when_all_has_been_removed_it_goes_on_with_what_comes(
    database: Database, commits: CommitLog, follower: Follower
) -> None:
    await tell(commits, "one", "7", 3)
    await remove(database, "7", up_to=3)
    assert (await follower.page()).body["items"] == []
    await tell(commits, "two", "7")
    await follower.page()
    assert follower.actions == ["two:0"]


async def test_a_log_that_ends_before_the_cursor_is_another_one(
    database: Database, commits: CommitLog, follower: Follower
) -> None:
    await tell(commits, "one", "7", 3)
    await follower.drain()
    await remove(database, "7", up_to=3)
    rewound = update(partitions).values(last_pos=0, published_pos=0)
    await change(database, rewound)
    refused = await follower.page()
    assert (refused.status, refused.code) == (410, "log_rewound")


async def test_a_cursor_of_a_log_that_was_rewound_and_went_on_is_of_no_use(
    database: Database, commits: CommitLog, follower: Follower
) -> None:
    """Else what was committed between the copy and the cursor would never come."""
    await tell(commits, "older", "8")
    await tell(commits, "before", "7", 2)
    await follower.drain()
    await remove(database, "7", up_to=2, but=1)
    here = partitions.c.partition == partition_of("7", len(ALL))
    await change(database, update(partitions).where(here).values(last_pos=1, published_pos=1))
    await tell(commits, "behind the copy", "7", 4)
    refused = await follower.page()
    assert (refused.status, refused.code) == (410, "log_rewound")


async def remove(database: Database, user_id: str, *, up_to: int, but: int = 0) -> None:
    here = outbox.c.partition == partition_of(user_id, len(ALL))
    await change(database, delete(outbox).where(here, outbox.c.pos <= up_to, outbox.c.pos != but))


async def change(database: Database, statement: Any) -> None:
    await database.write(lambda connection: connection.execute(statement) and None)


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_the_events_of_a_user_in_pages(
    commits: CommitLog, api: ApiClient, order: str
) -> None:
    # Two of one partition.
    shared = defaultdict[int, list[str]](list)
    for user in map(str, range(1, 60)):
        shared[partition_of(user, len(ALL))].append(user)
    ana, berta = shared[0][:2]
    for n in range(7):
        await tell(commits, f"{n}", ana)
        await tell(commits, f"not {n}", berta)
    path, actions = f"/user/{ana}/events?limit=3&order={order}", list[str]()
    cursor = ""
    while True:
        page = (await api.get(path + cursor)).body
        actions += [event["payload"]["action"] for event in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&after={page['next']}"
        await tell(commits, f"meanwhile {cursor}", berta)
    expected = [f"{n}:0" for n in range(7)]
    assert actions == (expected if order == "oldest" else expected[::-1])


async def test_new_events_of_a_user_move_no_page_of_old_ones(
    commits: CommitLog, api: ApiClient
) -> None:
    await tell(commits, "one", "7", 4)
    first = (await api.get("/user/7/events?limit=2")).body
    await tell(commits, "two", "7", 3)
    second = (await api.get(f"/user/7/events?limit=2&after={first['next']}")).body
    assert [e["payload"]["action"] for e in second["items"]] == ["one:1", "one:0"]
    assert second["next"] is None


async def test_a_cursor_is_for_the_same_user_and_order(commits: CommitLog, api: ApiClient) -> None:
    await tell(commits, "one", "7", 4)
    cursor = (await api.get("/user/7/events?limit=2")).body["next"]
    for other in ("/user/8/events?", "/user/7/events?order=oldest&", "/events?"):
        refused = await api.get(f"{other}after={cursor}")
        assert (refused.status, refused.code) == (422, "cursor_invalid")


async def test_who_may_not_read_events_gets_none(api: ApiClient) -> None:
    api.scopes = ["events:write", "users:read"]
    assert (await api.get("/events")).code == "scope_missing"
    assert (await api.get("/user/7/events")).code == "scope_missing"


def test_nobody_gets_more_than_an_equal_share_while_others_wait() -> None:
    assert history.shares({0: 9, 1: 9, 2: 1}, 7, 0) == {2: 1, 0: 3, 1: 3}
    assert history.shares({0: 9, 1: 9, 2: 9}, 2, 1) == {1: 1, 2: 1}
    assert history.shares({}, 7, 0) == {}
