"""What is finished is forgotten in time; what still waits never is."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, Executable, insert

from tests.coordinator.shop import Hands
from tests.log.units import telling
from tests.storage.dumps import rows_of
from yabot.app.assembly import build_retention
from yabot.app.features import FEATURES
from yabot.bot.tables import shown_pages, updates
from yabot.bus.tables import dead_letters
from yabot.clock import utc_now
from yabot.coordinator.machine import COMPENSATING, FAILED, FINISHED, STUCK
from yabot.coordinator.tables import workflows
from yabot.features.narrative import messages
from yabot.log.commit_log import CommitLog
from yabot.log.retention import AT_ONCE
from yabot.log.tables import audit_log, outbox, outgoing, partitions, receipts
from yabot.storage.relational.database import Database, Statement
from yabot.trusted_clock import ClockDistrusted

DAYS = 30


def days_ago(days: float) -> datetime:
    return utc_now() - timedelta(days=days)


def executing(statement: Executable, *rows: dict[str, object]) -> Statement[None]:
    def execute(connection: Connection) -> None:
        connection.execute(statement, list(rows) or None)

    return execute


def keep_update(update_id: int, state: str, age: float) -> Statement[None]:
    values = {"bot_id": 1, "update_id": update_id, "partition": 0, "payload": "{}", "attempts": 0}
    row = {**values, "state": state, "received_at": days_ago(age)}
    return executing(insert(updates), row)


def keep_message(n: int, state: str, age: float) -> Statement[None]:
    values = {"cause_id": "c", "n": n, "chat_id": 7, "method": "sendMessage", "payload": "{}"}
    row = {**values, "state": state, "created_at": days_ago(age)}
    return executing(insert(outgoing), row)


def keep_receipt(cause_id: str, age: float) -> Statement[None]:
    row = {"consumer": "test", "cause_id": cause_id, "committed_at": days_ago(age)}
    return executing(insert(receipts), row)


def keep_workflow(
    name: str, state: str, age: float, user_id: str | None = "7", deadline: datetime | None = None
) -> Statement[None]:
    moment = days_ago(age)
    row: dict[str, object] = {
        "id": name,
        "kind": "test",
        "user_id": user_id,
        "partition": 0,
        "state": state,
        "data": "{}",
        "definition": 1,
        "version": 1,
        "deadline": deadline,
        "attempts": 0,
        "done": "[]",
        "correlation_id": "c",
        "created_at": moment,
        "updated_at": moment,
    }
    return executing(insert(workflows), row)


def keep_audit(
    details: str, age: float, user_id: str | None = None, kind: str = "test"
) -> Statement[None]:
    values = {"kind": kind, "user_id": user_id, "details": details}
    return executing(insert(audit_log), values | {"created_at": days_ago(age)})


def keep_letter(state: str, user_id: str | None, age: float = 29) -> Statement[None]:
    moment = days_ago(age)
    row = {
        "consumer": "test",
        "event_id": f"{user_id} {state}",
        "group_name": "test",
        "partition": 0,
        "user_id": user_id,
        "event_type": "test",
        "envelope": "{}",
        "state": state,
        "attempts": 6,
        "error_code": "test",
        "error": "test",
        "first_failed_at": moment,
        "last_failed_at": moment,
    }
    return executing(insert(dead_letters), row)


async def age_events(database: Database, days: float) -> None:
    statement = outbox.update().values(created_at=days_ago(days))
    await database.write(executing(statement))


async def publish_up_to(database: Database, pos: int) -> None:
    """As if the relay had got to ``pos`` in each partition."""
    marked = partitions.update().values(published_pos=pos)
    await database.write(executing(marked))


async def test_updates_go_when_they_are_old_and_handled(database: Database) -> None:
    for update_id, state, age in (
        (1, "done", 31),
        (2, "failed", 31),
        (3, "erased", 31),
        (4, "waiting", 400),
        (5, "done", 29),
    ):
        await database.write(keep_update(update_id, state, age))
    await build_retention((), database, DAYS).sweep()
    assert [row["update_id"] for row in await rows_of(database, updates)] == [4, 5]


async def test_messages_go_when_they_are_old_and_sent(database: Database) -> None:
    for n, state, age in ((0, "sent", 31), (1, "refused", 31), (2, "waiting", 400), (3, "sent", 1)):
        await database.write(keep_message(n, state, age))
    await build_retention((), database, DAYS).sweep()
    assert [row["n"] for row in await rows_of(database, outgoing)] == [2, 3]


async def test_which_page_a_message_shows_outlives_it(database: Database) -> None:
    for n, state, content, message_id in (
        (0, "sent", "gate", 100),
        (1, "sent", None, 101),
        (2, "erased", "hall", 102),
        (3, "refused", "hall", None),
    ):
        values = {"cause_id": "c", "n": n, "chat_id": 7, "method": "sendMessage", "payload": "{}"}
        shown = {"content_id": content, "message_id": message_id, "state": state}
        row = {**values, **shown, "created_at": days_ago(31)}
        await database.write(executing(insert(outgoing), row))
    await build_retention((), database, DAYS).sweep()
    assert await rows_of(database, outgoing) == []
    assert await rows_of(database, shown_pages) == [
        {"chat_id": 7, "message_id": 100, "content_id": "gate"}
    ]
    assert await messages.content_of(database, 7, 100) == "gate"
    assert await messages.content_of(database, 8, 100) is None
    assert await messages.has_shown(database, 7, "gate")
    assert await messages.newest_scene(database, 7) == 100


async def test_events_go_when_they_are_old_and_published(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(telling("old", "7", times=4))
    await age_events(database, 31)
    await commits.commit(telling("young", "7", times=2))
    for published, kept in ((2, [3, 4, 5, 6]), (5, [5, 6])):
        await publish_up_to(database, pos=published)
        await build_retention((), database, DAYS).sweep()
        assert [row["pos"] for row in await rows_of(database, outbox)] == kept


async def test_positions_go_on_when_all_events_are_gone(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(telling("old", "7", times=3))
    await publish_up_to(database, pos=3)
    await age_events(database, 31)
    await build_retention((), database, DAYS).sweep()
    assert await rows_of(database, outbox) == []
    await commits.commit(telling("young", "7"))
    assert [row["pos"] for row in await rows_of(database, outbox)] == [4]


async def test_receipts_outlive_whatever_could_be_delivered_again(database: Database) -> None:
    for cause_id, age in (("a", 61), ("b", 59), ("c", 1)):
        await database.write(keep_receipt(cause_id, age))
    await build_retention((), database, DAYS).sweep()
    assert [row["cause_id"] for row in await rows_of(database, receipts)] == ["b", "c"]


async def test_workflows_go_when_they_are_old_and_closed(database: Database) -> None:
    for name, state, age in (
        ("finished", FINISHED, 31),
        ("failed", FAILED, 31),
        ("young", FINISHED, 29),
        ("stuck", STUCK, 400),
        ("being undone", COMPENSATING, 400),
        ("running", "noticed", 400),
    ):
        await database.write(keep_workflow(name, state, age))
    await database.write(keep_workflow("due", FINISHED, 31, deadline=utc_now()))
    await build_retention((), database, DAYS).sweep()
    kept = {row["id"] for row in await rows_of(database, workflows)}
    assert kept == {"young", "stuck", "being undone", "running", "due"}


@pytest.mark.parametrize("state", ["dead", "retrying", "retry"])
async def test_a_closed_workflow_stays_while_an_event_of_its_user_may_come_again(
    database: Database, state: str
) -> None:
    for user_id in ("7", "8", "9"):
        await database.write(keep_workflow(f"of {user_id}", FINISHED, 400, user_id))
    await database.write(keep_letter(state, "7"))
    await database.write(keep_letter("resolved", "8"))
    await database.write(keep_letter("discarded", "9"))
    await build_retention((), database, DAYS).sweep()
    assert [row["id"] for row in await rows_of(database, workflows)] == ["of 7"]


async def test_letters_that_nobody_looks_after_go_in_the_end(database: Database) -> None:
    for state, age in (("dead", 61), ("dead", 59), ("retrying", 400), ("resolved", 31)):
        await database.write(keep_letter(state, f"{age}", age))
    await build_retention((), database, DAYS).sweep()
    kept = [(row["state"], row["user_id"]) for row in await rows_of(database, dead_letters)]
    assert kept == [("dead", "59"), ("retrying", "400")]


async def test_the_audit_log_goes_when_it_is_old(database: Database) -> None:
    for details, age, user_id in (("old", 31, "7"), ("nobody's", 31, None), ("young", 29, "7")):
        await database.write(keep_audit(details, age, user_id))
    await build_retention((), database, DAYS).sweep()
    assert [row["details"] for row in await rows_of(database, audit_log)] == ["young"]


async def test_where_money_went_stays_in_the_audit_log(database: Database) -> None:
    await database.write(keep_audit("charge 1", 4000, "7", kind="refund"))
    await database.write(keep_audit("nothing much", 4000, "7", kind="test"))
    await build_retention(FEATURES, database, DAYS).sweep()
    assert [row["details"] for row in await rows_of(database, audit_log)] == ["charge 1"]


@pytest.mark.parametrize("state", [COMPENSATING, STUCK])
@pytest.mark.parametrize("user_id", ["7", None])
async def test_the_audit_log_stays_where_somebody_has_to_look_at_a_workflow(
    database: Database, state: str, user_id: str | None
) -> None:
    await database.write(keep_workflow("open", state, 400, user_id))
    await database.write(keep_workflow("closed", FINISHED, 29, "8"))
    for details, audited in (("what was undone", user_id), ("another's", "8")):
        await database.write(keep_audit(details, 400, audited))
    await build_retention((), database, DAYS).sweep()
    assert [row["details"] for row in await rows_of(database, audit_log)] == ["what was undone"]


async def test_nothing_goes_while_the_clock_has_jumped(database: Database) -> None:
    hands = Hands()
    retention = build_retention((), database, DAYS, hands.clock())
    await database.write(keep_receipt("young", 1))
    await database.write(keep_letter("dead", "7", 1))
    hands.set_by = timedelta(days=400)
    with pytest.raises(ClockDistrusted):
        await retention.sweep()
    assert len(await rows_of(database, receipts)) == 1
    assert len(await rows_of(database, dead_letters)) == 1
    hands.set_by = timedelta()
    hands.pass_time(days=400)
    await retention.sweep()
    assert await rows_of(database, receipts) == []
    assert await rows_of(database, dead_letters) == []


async def test_many_go_in_several_short_transactions(database: Database) -> None:
    old = days_ago(61)
    rows = [
        {"consumer": "test", "cause_id": f"{n}", "committed_at": old} for n in range(2 * AT_ONCE)
    ]
    await database.write(executing(insert(receipts), *rows))
    await build_retention((), database, DAYS).sweep()
    assert await rows_of(database, receipts) == []
