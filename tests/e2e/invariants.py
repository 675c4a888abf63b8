"""What must hold of all stores together once everything has settled, whatever happened before."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from tests.e2e.stores import PARTITIONS, Stores
from tests.waiting import wait_until

Json = dict[str, Any]
UNFINISHED = {
    "updates": "SELECT count(*) FROM updates WHERE state = 'waiting'",
    "messages": "SELECT count(*) FROM outgoing WHERE state = 'waiting'",
    "documents": "SELECT count(*) FROM doc_changes",
    "events": "SELECT count(*) FROM partitions WHERE published_pos <> last_pos",
}


def settle(stores: Stores) -> None:
    """Wait until the followers have made everything so."""
    wait_until(lambda: not any(map(stores.value, UNFINISHED.values())))


def verify(stores: Stores) -> None:
    """Settle, and hold the stores against each other."""
    settle(stores)
    _streams_are_the_log(stores)
    _documents_are_at_their_version(stores)
    for user_id, sequence, events in _told_of_each_user(stores):
        _nothing_is_missing_or_twice(events, sequence)
        _choices_make_a_way(stores, user_id, events)
    _each_cause_completed_once(stores)


def _streams_are_the_log(stores: Stores) -> None:
    """Also while a program writes of itself, as it may at any moment: that a store is back."""
    for number in range(PARTITIONS):
        published, _ = _log(stores, number)
        stream = [event["event_id"] for event in stores.partition(number)]
        _, log = _log(stores, number)
        assert stream[: len(published)] == published
        assert stream == log[: len(stream)]


def _log(stores: Stores, partition: int) -> tuple[list[str], list[str]]:
    """What is said to be published of it, and all that is there, as it is at one moment."""
    query = (
        "SELECT last_pos, published_pos, pos, event_id FROM partitions"
        " LEFT JOIN outbox USING (partition) WHERE partition = ? ORDER BY pos"
    )
    rows = stores.rows(query, partition)
    events = [row for row in rows if row["pos"] is not None]
    assert [row["pos"] for row in events] == list(range(1, rows[0]["last_pos"] + 1))
    log = [row["event_id"] for row in events]
    return log[: rows[0]["published_pos"]], log


def _documents_are_at_their_version(stores: Stores) -> None:
    """A user exists exactly when their profile does."""
    query = (
        "SELECT user_id, state_version FROM user_counters JOIN user_profiles USING (user_id)"
        " ORDER BY user_id"
    )
    expected = [(row["user_id"], row["state_version"]) for row in stores.rows(query)]
    found = [(d["_id"], d["version"]) for d in stores.mongodb.users.find().sort("_id")]
    assert found == expected


def _told_of_each_user(stores: Stores) -> Iterator[tuple[int, int, list[Json]]]:
    """Who it is, how many events are counted, and these: as it is at one moment, for a subscriber
    may tell of somebody at any.
    """
    query = (
        "SELECT user_counters.user_id, sequence, envelope FROM user_counters"
        " LEFT JOIN outbox USING (user_id) ORDER BY user_counters.user_id, partition, pos"
    )
    for user_id, rows in groupby(stores.rows(query), itemgetter("user_id")):
        told = list(rows)
        envelopes = [row["envelope"] for row in told if row["envelope"] is not None]
        yield int(user_id), told[0]["sequence"], [json.loads(each) for each in envelopes]


def _nothing_is_missing_or_twice(events: list[Json], sequence: int) -> None:
    assert [event["sequence"] for event in events] == list(range(1, sequence + 1))
    moments = [event["timestamp"] for event in events]
    assert moments == sorted(set(moments))


def _choices_make_a_way(stores: Stores, user_id: int, events: list[Json]) -> None:
    """Each choice was made where the one before had led, and the last one led to where they are."""
    here = None
    for event in events:
        kind, payload = event["event_type"], event["payload"]
        if kind == "decision_made":
            assert here in (None, payload["context"]["fragment_id"])
            here = payload["context"]["next_fragment"]
        elif kind == "user_deleted" or payload.get("action") == "restart_confirmed":
            here = None
    if here is not None:
        document = stores.document(user_id)
        assert document is not None
        assert document["current_state"]["narrative_progress"]["current_fragment"] == here


def _each_cause_completed_once(stores: Stores) -> None:
    query = "SELECT 'update:' || bot_id || ':' || update_id AS cause FROM updates"
    causes = {row["cause"] for row in stores.rows(query)}
    told = "SELECT envelope ->> 'causation_id' AS cause FROM outbox WHERE event_type = ?"
    completed = Counter(row["cause"] for row in stores.rows(told, "operation_completed"))
    receipts = {row["cause_id"] for row in stores.rows("SELECT cause_id FROM receipts")}
    assert receipts >= causes
    requests = [cause for cause in receipts if cause.startswith("api:")]
    assert set(completed) == {*causes, *requests}
    assert set(completed.values()) <= {1}
