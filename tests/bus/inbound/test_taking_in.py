"""Events of other services enter the log once, as they came, in the right order."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from tests.bus.inbound.service import (
    AWARD,
    HINT,
    NOON,
    REACTION,
    Sent,
    audits,
    logged,
    look,
    new_sequencer,
    sequence,
    taken_in,
    violations,
    write,
)
from tests.bus.log import tell
from tests.bus.statements import statements
from tests.storage.dumps import rows_of
from tests.storage.fixtures import NewDatabase, new_commits
from yabot.app.assembly import build_retention
from yabot.bus.inbound.lateness import Lateness
from yabot.bus.inbound.stream import INBOUND
from yabot.bus.tables import ingested
from yabot.clock import utc_now
from yabot.log.commit_log import CommitLog
from yabot.log.tables import receipts
from yabot.storage.relational.database import Database


async def test_an_event_keeps_what_it_came_with(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await sequence(commits, redis, AWARD)
    assert await logged(database) == [AWARD.envelope]
    assert [(row["consumer"], row["cause_id"]) for row in await rows_of(database, receipts)] == [
        ("inbound", AWARD.event_id)
    ]


async def test_our_own_are_looked_for_only_where_there_may_be_later_ones(
    sqlite_database: Database, redis: Redis
) -> None:
    """Where only others tell of a user, that would be all events of that user, each time."""
    commits = new_commits(sqlite_database)
    await tell(commits, "before", "7")
    with statements() as seen:
        await sequence(commits, redis, REACTION.now(), Sent("of another", 1, user_id="8"))
        assert not list(filter(looks_for_our_own, seen))
        await tell(commits, "after", "7")
        late = Sent("late", 1).at((utc_now() - NOON).total_seconds() - 60)
        await sequence(commits, redis, late)
        assert len(list(filter(looks_for_our_own, seen))) == 1
    assert await violations(sqlite_database) == [(late.event_id, "after_later_events")]


def looks_for_our_own(statement: str) -> bool:
    return "outbox.created_at" in statement and "ORDER BY" in statement


async def test_it_stands_among_our_own_which_keep_their_numbers(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await tell(commits, "before", "7")
    await sequence(commits, redis, REACTION.now())
    await tell(commits, "after", "7")
    events = await logged(database)
    assert [event["event_type"] for event in events] == [
        "user_interaction",
        "reaction_detected",
        "user_interaction",
    ]
    assert [event.get("sequence") for event in events] == [1, None, 2]


ORDERS = [
    pytest.param([HINT, AWARD, REACTION], id="by their time stamps"),
    pytest.param([HINT.at(1), AWARD.at(2), REACTION.at(3)], id="by their causes"),
]


@pytest.mark.criterion("3.2.4")
@pytest.mark.parametrize("sent", ORDERS)
async def test_what_comes_in_the_wrong_order_is_put_right(
    database: Database, commits: CommitLog, redis: Redis, sent: Sequence[Sent]
) -> None:
    await sequence(commits, redis, *sent)
    assert await taken_in(database, sent) == ["reaction", "award", "hint"]
    assert await violations(database) == []


@pytest.mark.criterion("3.2.2", "3.2.3")
async def test_types_have_an_order_in_their_correlation(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    """No clock and no cause says so."""
    reaction = Sent("reaction", 3, "reaction_detected")
    award = Sent("award", 2, "besitos_awarded")
    hint = Sent("hint", 1, "narrative_hint_unlocked")
    sent = [hint, award, reaction]
    await sequence(commits, redis, *sent)
    assert await taken_in(database, sent) == ["reaction", "award", "hint"]
    assert await violations(database) == []


async def test_other_correlations_do_not_wait(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    award = Sent("award", 1, "besitos_awarded", correlation="one")
    reaction = Sent("reaction", 2, "reaction_detected", correlation="another")
    await sequence(commits, redis, reaction, award)
    assert await taken_in(database, [award, reaction]) == ["award", "reaction"]


async def test_the_same_event_twice_is_taken_once(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await sequence(commits, redis, REACTION, AWARD, REACTION)
    await sequence(commits, redis, AWARD, REACTION)
    assert await taken_in(database, [REACTION, AWARD]) == ["reaction", "award"]
    assert await violations(database) == []


async def test_an_event_of_our_own_that_comes_back_is_known(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await tell(commits, "ours", "7")
    (ours,) = await logged(database)
    del ours["sequence"]
    await redis.xadd(INBOUND, {"event": json.dumps(ours)})
    await sequence(commits, redis)
    assert len(await logged(database)) == 1


LATE = [
    pytest.param([AWARD], REACTION, "after_its_consequence", id="its consequence is there"),
    pytest.param(
        [Sent("award", 2, "besitos_awarded")],
        Sent("reaction", 3, "reaction_detected"),
        "after_its_consequence",
        id="what its type comes before is there",
    ),
    pytest.param([Sent("b", 2)], Sent("a", 1), "after_later_events", id="the clock is past it"),
]


@pytest.mark.criterion("3.2.1", "3.2.5")
async def test_what_is_older_than_the_users_own_events_is_too_late(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await tell(commits, "ours", "7")
    await tell(commits, "another's", "8")
    late = Sent("late", REACTION.now().second - 600)
    await sequence(commits, redis, late, Sent("of nobody we know", 1, user_id="9"))
    assert await violations(database) == [(late.event_id, "after_later_events")]
    assert len(await audits(database, "ordering_violated")) == 1


@pytest.mark.criterion("3.2.5")
async def test_the_first_of_all_is_late_where_our_own_event_has_not_waited_for_it(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    just_before = REACTION.now()
    await tell(commits, "ours", "7")
    await sequence(commits, redis, just_before)
    assert await violations(database) == [(just_before.event_id, "after_later_events")]


async def test_what_comes_of_our_own_event_is_not_late_by_another_clock(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await tell(commits, "ours", "7")
    (ours,) = await logged(database)
    envelope = Sent("theirs", REACTION.now().second - 600).envelope
    envelope["causation_id"] = ours["event_id"]
    await redis.xadd(INBOUND, {"event": json.dumps(envelope)})
    await sequence(commits, redis)
    assert await violations(database) == []


async def test_health_speaks_of_a_wrong_order_for_a_while() -> None:
    told: list[str | None] = []
    lateness = Lateness(shown=0.0)
    lateness.on_change = told.append
    lateness.look()
    lateness.note()
    lateness.note()
    lateness.look()
    assert [reason is None for reason in told] == [False, True]


@pytest.mark.criterion("3.2.5")
@pytest.mark.parametrize(("first", "late", "reason"), LATE)
async def test_what_is_too_late_is_taken_all_the_same_and_told_of_once(
    new_database: NewDatabase, redis: Redis, first: Sequence[Sent], late: Sent, reason: str
) -> None:
    database = new_database()
    await database.open()
    await sequence(new_commits(database), redis, *first)
    await database.close()
    # The program starts again: what it has to know of those before is in SQL.
    database = new_database()
    await database.open()
    commits = new_commits(database)
    await sequence(commits, redis, late, late)
    await sequence(commits, redis, late)
    assert await taken_in(database, [*first, late]) == [*(each.name for each in first), late.name]
    assert await violations(database) == [(late.event_id, reason)]
    (row,) = await audits(database, "ordering_violated")
    assert row["user_id"] == "7"
    assert late.event_id in row["details"]


IN_TIME = [
    pytest.param([REACTION], AWARD.at(0.5), id="its cause's clock is ahead"),
    pytest.param([Sent("b", 2)], Sent("a", 1, user_id="8"), id="another user"),
    pytest.param([Sent("b", 2)], Sent("a", 2), id="the same moment"),
]


@pytest.mark.parametrize(("first", "second"), IN_TIME)
async def test_what_is_in_time_is_not_called_late(
    database: Database, commits: CommitLog, redis: Redis, first: Sequence[Sent], second: Sent
) -> None:
    await sequence(commits, redis, *first)
    await sequence(commits, redis, second)
    assert len(await logged(database)) == len(first) + 1
    assert await violations(database) == []


async def test_events_about_nobody_are_ordered_by_their_correlation(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    sent = [Sent(f"{n}", 10 - n, user_id=None) for n in range(5)]
    await sequence(commits, redis, *sent)
    assert await taken_in(database, sent) == ["4", "3", "2", "1", "0"]


async def test_what_is_remembered_of_them_goes_with_the_receipts(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await sequence(commits, redis, REACTION, AWARD)
    old = utc_now() - timedelta(days=3)
    statement = ingested.update().where(ingested.c.event_id == REACTION.event_id)
    await database.write(
        lambda connection: connection.execute(statement.values(ingested_at=old)) and None
    )
    await build_retention((), database, 1).sweep()
    assert [row["event_id"] for row in await rows_of(database, ingested)] == [AWARD.event_id]


async def test_events_wait_for_each_other_while_they_come(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    """Each portion is read before the next one comes; a successor does not wait for more."""
    patient = new_sequencer(commits, redis, window=3600.0)
    for each in (HINT, AWARD, REACTION):
        await write(redis, each)
        await look(patient)
        assert await logged(database) == []
    await sequence(commits, redis)
    assert await taken_in(database, [REACTION, AWARD, HINT]) == ["reaction", "award", "hint"]


@pytest.mark.slow
async def test_a_thousand_at_once_are_sorted(sqlite_database: Database, redis: Redis) -> None:
    """More than the buffer holds; each a few places from where it belongs."""
    commits = new_commits(sqlite_database)
    sent = [Sent(f"{n}", n - 7 * (n % 13), correlation=f"{n}") for n in range(1300)]
    await sequence(commits, redis, *sent)
    in_order = [each.name for each in sorted(sent, key=lambda each: each.second)]
    assert await taken_in(sqlite_database, sent) == in_order
    assert await violations(sqlite_database) == []
