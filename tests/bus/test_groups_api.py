"""Groups of subscribers as operators see them and let them go on, by command and over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.client import ApiClient, serving
from tests.cli.operator import Operator
from tests.e2e.programs import NewProgram
from tests.log.units import MORNING, telling
from tests.storage.dumps import rows_of
from yabot.api.operations.door import Door
from yabot.bus.groups import stops
from yabot.bus.groups.api import routes
from yabot.bus.groups.overview import SubscriberGroups
from yabot.bus.groups.positions import declare_groups
from yabot.bus.groups.stops import Stop
from yabot.bus.tables import group_stops
from yabot.log.commit_log import CommitLog
from yabot.log.tables import audit_log
from yabot.storage.relational.database import Database

GO_ON = "/admin/subscriber-groups/rewards/go-on"
REASON = "20 of the last hundred events of 'rewards' became dead letters"


@pytest.fixture
async def api(database: Database, commits: CommitLog) -> AsyncIterator[ApiClient]:
    """With the groups alerts and rewards, of which rewards has stopped."""
    await database.write(declare_groups(["rewards", "alerts"]))
    await database.write(stops.stop(Stop("rewards", 20, MORNING)))
    async with serving(routes(SubscriberGroups(database), Door(commits))) as client:
        yield client


async def audited(database: Database) -> list[dict[str, Any]]:
    rows = await rows_of(database, audit_log)
    return [json.loads(row["details"]) for row in rows if row["kind"] == "group_let_go_on"]


async def test_all_are_shown_with_how_far_they_are_and_why_they_stopped(
    database: Database, commits: CommitLog, api: ApiClient
) -> None:
    await commits.commit(telling("a", "7", times=3))
    assert (await api.get("/admin/subscriber-groups")).body["groups"] == [
        {"name": "alerts", "lag": 3, "stop": None},
        {
            "name": "rewards",
            "lag": 3,
            "stop": {
                "reason": REASON,
                "dead_letters": 20,
                "stopped_at": "2026-11-02T08:00:00.000000Z",
            },
        },
    ]


async def test_it_is_let_go_on_once_however_often_it_is_asked(
    database: Database, api: ApiClient
) -> None:
    answers = await asyncio.gather(*(api.post(GO_ON, key="one") for _ in range(6)))
    assert {(answer.status, answer.body["stop"]) for answer in answers} == {(200, None)}
    assert await rows_of(database, group_stops) == []
    assert await audited(database) == [
        {"group": "rewards", "by": "service:orders", "dead_letters": 20}
    ]
    # It has stopped anew: the old request does not touch that.
    await database.write(stops.stop(Stop("rewards", 21, MORNING)))
    await api.post(GO_ON, key="one")
    assert len(await rows_of(database, group_stops)) == 1


async def test_only_one_that_has_stopped_can_go_on(api: ApiClient) -> None:
    working = await api.post("/admin/subscriber-groups/alerts/go-on")
    assert (working.status, working.code) == (409, "group_not_stopped")
    unknown = await api.post("/admin/subscriber-groups/shops/go-on")
    assert (unknown.status, unknown.code) == (404, "group_unknown")
    api.scopes = ["events:write"]
    assert (await api.post(GO_ON)).code == "scope_missing"
    assert (await api.get("/admin/subscriber-groups")).code == "scope_missing"


async def test_an_operator_lets_it_go_on_by_command(
    database: Database, api: ApiClient, new_program: NewProgram
) -> None:
    operator = Operator(new_program, database)
    code, said, _ = await operator.types("groups", "list")
    heading, alerts, rewards = said.splitlines()
    assert (code, heading.split()) == (0, ["GROUP", "LAG", "STOPPED", "WHY"])
    assert (alerts.split(), rewards.endswith(REASON)) == (["alerts", "0", "-", "-"], True)
    code, said, _ = await operator.types("groups", "go-on", "rewards")
    assert (code, said.startswith("rewards goes on where it stopped")) == (0, True)
    (told,) = await audited(database)
    assert told["by"].startswith("command line")
    shown = await operator.reads("groups", "list")
    assert [each["stop"] for each in shown["groups"]] == [None, None]
    code, _, told_why = await operator.types("groups", "go-on", "rewards")
    assert (code, told_why) == (
        1,
        "the group rewards has not stopped: there is nothing to go on",
    )
