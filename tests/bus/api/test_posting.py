"""Events that services post are stored before they are acknowledged, once, with who posted them."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.api.client import ApiClient, serving
from tests.bus.inbound.service import (
    AWARD,
    HINT,
    REACTION,
    Sent,
    audits,
    logged,
    sequence,
    taken_in,
)
from tests.storage.dumps import Rows, rows_of
from tests.storage.fixtures import PARTITIONS
from yabot.api.operations.door import Door
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.bus.api import routes
from yabot.bus.tables import posted_events
from yabot.clock import rfc3339, utc_now
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database


async def stored(database: Database) -> Rows:
    return await rows_of(database, posted_events)


async def test_it_is_stored_with_who_posted_it(database: Database, api: ApiClient) -> None:
    answered = await api.post("/events", REACTION.envelope, key="one")
    assert (answered.status, answered.body) == (202, {"event_id": REACTION.event_id})
    (row,) = await stored(database)
    assert json.loads(row["envelope"]) == REACTION.envelope
    assert (row["service"], row["user_id"]) == ("orders", "7")
    (audit,) = await audits(database, "event_posted")
    assert json.loads(audit["details"]) == {
        "by": "service:orders",
        "event_id": REACTION.event_id,
        "event_type": "reaction_detected",
        "cause_id": "api:orders:one",
    }
    assert audit["user_id"] == "7"


async def test_however_often_it_is_posted_it_is_taken_in_once(
    database: Database, commits: CommitLog, redis: Redis, api: ApiClient
) -> None:
    at_once = (api.post("/events", REACTION.envelope, key="one") for _ in range(5))
    assert {each.status for each in await asyncio.gather(*at_once)} == {202}
    await api.post("/events", REACTION.envelope)
    assert len(await stored(database)) == 1
    await sequence(commits, redis)
    # Each of its own accord, when it is in the log already.
    await api.post("/events", REACTION.envelope, key="one")
    await api.post("/events", REACTION.envelope)
    await sequence(commits, redis)
    assert await taken_in(database, [REACTION]) == ["reaction"]
    assert await stored(database) == []


async def test_the_sender_is_the_one_whom_the_token_names(
    database: Database, api: ApiClient
) -> None:
    forged = await api.post("/events", {**REACTION.envelope, "service": "billing"})
    assert (forged.status, forged.code) == (422, "invalid_request")
    api.service = "shop"
    await api.post("/events", REACTION.envelope)
    (row,) = await stored(database)
    assert row["service"] == "shop"


async def test_several_are_stored_together_and_each_has_its_outcome(
    database: Database, api: ApiClient
) -> None:
    bad = {**AWARD.envelope, "payload": {}}
    answered = await api.post("/events/batch", {"events": [REACTION.envelope, bad, HINT.envelope]})
    assert answered.status == 202
    outcomes = answered.body["outcomes"]
    assert [each["event_id"] for each in outcomes] == [
        each.event_id for each in (REACTION, AWARD, HINT)
    ]
    assert [each["outcome"] for each in outcomes] == ["accepted", "refused", "accepted"]
    assert "payload" in outcomes[1]["reason"]
    assert [row["event_id"] for row in await stored(database)] == [
        REACTION.event_id,
        HINT.event_id,
    ]
    completed = [e for e in await logged(database) if e["event_type"] == "operation_completed"]
    assert len(completed) == 1


async def test_what_other_services_may_not_send_is_refused(database: Database) -> None:
    closed = CommitLog(database, build_catalog(FEATURES, ["besitos_awarded"]), PARTITIONS)
    async with serving(routes(closed, Door(closed))) as api:
        refused = await api.post("/events", REACTION.envelope)
        assert (refused.status, refused.code) == (422, "event_refused")
        assert "INBOUND_EVENT_TYPES" in refused.body["detail"]
        assert (await api.post("/events", AWARD.envelope)).status == 202
    assert [row["event_id"] for row in await stored(database)] == [AWARD.event_id]


def changed(**values: Any) -> dict[str, Any]:
    return REACTION.envelope | values


FOR_EVER = {
    "plan_type": "vip",
    "status": "active",
    "start_date": "2026-11-02T12:00:00Z",
    "end_date": "9999-12-31T23:59:59-05:00",
}
TO_COME = rfc3339(utc_now() + timedelta(days=1))
BREAKS_A_RULE = [
    pytest.param(changed(event_type="unheard_of"), "event_refused", id="a new type"),
    pytest.param(changed(version=9), "event_refused", id="a new version"),
    pytest.param(changed(payload={}), "event_refused", id="no payload"),
    pytest.param(changed(timestamp=TO_COME), "event_refused", id="to come"),
    pytest.param(changed(timestamp="1999-01-01T00:00:00Z"), "event_refused", id="long ago"),
    pytest.param(changed(timestamp="2026-02-31T00:00:00Z"), "event_refused", id="no such day"),
    pytest.param(
        changed(event_type="subscription_updated", payload=FOR_EVER), "event_refused", id="for ever"
    ),
    pytest.param(changed(timestamp="2026-11-02T12:00:00"), "invalid_request", id="no time zone"),
    pytest.param(changed(timestamp=1795000000), "invalid_request", id="a number for a time"),
    pytest.param(changed(sequence=3), "invalid_request", id="a sequence"),
    pytest.param(changed(event_id="7"), "invalid_request", id="an id that is none"),
    pytest.param(changed(user_id="$gt"), "invalid_request", id="a user that is none"),
    pytest.param(changed(correlation_id="x" * 129), "invalid_request", id="a long id"),
    pytest.param(changed(payload=[]), "invalid_request", id="a payload that is none"),
    pytest.param({}, "invalid_request", id="nothing"),
]


@pytest.mark.parametrize(("envelope", "code"), BREAKS_A_RULE)
async def test_what_breaks_a_rule_is_refused_and_not_stored(
    database: Database, api: ApiClient, envelope: dict[str, Any], code: str
) -> None:
    refused = await api.post("/events", envelope)
    assert (refused.status, refused.code) == (422, code)
    assert await stored(database) == []
    told = json.dumps(refused.body)
    assert not any(word in told for word in ("unheard_of", "$gt", "1999-", "02-31", "1795000000"))


@pytest.mark.parametrize("events", [[], [REACTION.envelope] * 101])
async def test_a_batch_has_one_to_a_hundred_events(api: ApiClient, events: list[Any]) -> None:
    refused = await api.post("/events/batch", {"events": events})
    assert (refused.status, refused.code) == (422, "invalid_request")


async def test_who_may_only_read_posts_nothing(database: Database, api: ApiClient) -> None:
    api.scopes = ["events:read"]
    for path, body in (("/events", REACTION.envelope), ("/events/batch", {"events": []})):
        assert (await api.post(path, body)).code == "scope_missing"
    assert await stored(database) == []


async def test_absent_and_null_are_the_same(database: Database, api: ApiClient) -> None:
    nobody = Sent("of nobody", 1, user_id=None).envelope
    assert (await api.post("/events", {**nobody, "user_id": None})).status == 202
    (row,) = await stored(database)
    assert "user_id" not in json.loads(row["envelope"])
