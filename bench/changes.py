"""Turns a sample into any number of bare changes that write the same, each under its own keys."""

from collections.abc import Sequence
from itertools import count

from bench.bare import BareChange, Step
from bench.samples import Row, Sample

_numbers = count(1)


def bare_update(sample: Sample, user_id: str) -> BareChange:
    """An update's two commits: the intake; then receipt, events, replies, counter and state."""
    n = next(_numbers)
    key, cause = {"update_id": n}, {"cause_id": f"update:42:{n}"}
    finish = "UPDATE updates SET state = 'done' WHERE bot_id = :bot_id AND update_id = :update_id"
    effects = [
        _inserts("receipts", sample, cause),
        _inserts("user_counters", sample, {"user_id": user_id}, verb="REPLACE"),
        _inserts("outbox", sample, {"user_id": user_id}, numbered=("event_id", "pos")),
        _inserts("outgoing", sample, {"cause_id": f"bot:{cause['cause_id']}"}),
        (finish, _with(sample.rows["updates"], key)),
    ]
    return _change(sample, user_id, [[_inserts("updates", sample, key)], effects])


def bare_registration(sample: Sample, user_id: str) -> BareChange:
    """One commit: receipt, profile, counter and event."""
    user = {"user_id": user_id}
    effects = [
        _inserts("receipts", sample, {"cause_id": f"request:{next(_numbers)}"}),
        _inserts("user_profiles", sample, user | {"telegram_user_id": user_id}),
        _inserts("user_counters", sample, user),
        _inserts("outbox", sample, user, numbered=("event_id", "pos")),
    ]
    return _change(sample, user_id, [effects])


def bare_preferences(sample: Sample, user_id: str) -> BareChange:
    """One commit: receipt, answer, audit, counter and events."""
    user, key = {"user_id": user_id}, f"{next(_numbers)}"
    effects = [
        _inserts("receipts", sample, {"cause_id": f"api:bench:{key}"}),
        _inserts("api_answers", sample, user | {"key": key}),
        _inserts("audit_log", sample, user),
        _inserts("user_counters", sample, user, verb="REPLACE"),
        _inserts("outbox", sample, user, numbered=("event_id", "pos")),
    ]
    return _change(sample, user_id, [effects])


def _change(sample: Sample, user_id: str, transactions: list[list[Step]]) -> BareChange:
    partition = sample.rows["outbox"][0]["partition"]
    document = sample.document | {"_id": user_id}
    return BareChange(transactions, document, f"bare:{{{partition}}}", sample.envelopes)


def _inserts(
    table: str, sample: Sample, keys: Row, *, numbered: Sequence[str] = (), verb: str = "INSERT"
) -> Step:
    rows = _with(sample.rows[table], keys)
    rows = [row | _numbers_for(numbered) for row in rows]
    names = list(rows[0])
    places = ", ".join(f":{name}" for name in names)
    return f"{verb} INTO {table} ({', '.join(names)}) VALUES ({places})", rows


def _numbers_for(names: Sequence[str]) -> Row:
    """Unique values; an id is as long as a real one."""
    return {name: next(_numbers) if name == "pos" else f"{next(_numbers):036}" for name in names}


def _with(rows: Sequence[Row], keys: Row) -> list[Row]:
    return [row | keys for row in rows]
