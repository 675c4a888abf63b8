"""Charges in SQL: one row each, by Telegram's id, which steps from state to state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, select, update

from yabot.features.subscriptions.plans import Charge
from yabot.features.subscriptions.tables import payments
from yabot.log.audit import audited
from yabot.log.unit_of_work import guard
from yabot.runtime.portions import portions
from yabot.storage.relational.database import Statement, insert_new

# paid: recorded, but not activated yet. refunding: Telegram is being asked to give it back. left:
# it was not paid here, as far as is known; an administrator has to decide on it.
State = Literal["paid", "activated", "refunding", "refunded", "left"]
AT_ONCE = 500
# The kind of refunds in the audit log; kept for good, as money may be asked for at any time.
REFUND = "refund"


@dataclass(frozen=True, slots=True)
class StoredCharge:
    charge: Charge
    state: State
    created_at: datetime
    updated_at: datetime


_id = payments.c.telegram_payment_charge_id
_charge = (payments.c.user_id, payments.c.payload, payments.c.amount, payments.c.currency, _id)
_stored = select(*_charge, payments.c.state, payments.c.created_at, payments.c.updated_at)
_one = _stored.where(_id == bindparam("charge"))
_newest = (
    _stored.where(payments.c.user_id == bindparam("user"))
    .order_by(payments.c.created_at.desc())
    .limit(bindparam("count"))
)
_ids = select(_id).where(payments.c.user_id == bindparam("user"))
_unsettled = _stored.where(
    payments.c.state == bindparam("in_state"), payments.c.updated_at < bindparam("before")
)
_step = (
    update(payments)
    .where(and_(_id == bindparam("charge"), payments.c.state == bindparam("was")))
    .values(state=bindparam("becomes"), updated_at=bindparam("now"))
)
_all = select(payments).where(payments.c.user_id == bindparam("user"))


def digest_of(charge_id: str) -> str:
    """Stands for a charge in the ids of causes and workflows, which the log may show, and in
    buttons: Telegram's id is longer than a button's 64 bytes.
    """
    return sha256(charge_id.encode()).hexdigest()[:24]


def find(charge_id: str) -> Statement[StoredCharge | None]:
    def read(connection: Connection) -> StoredCharge | None:
        row = connection.execute(_one, {"charge": charge_id}).first()
        return None if row is None else _read(*row)

    return read


def newest(user_id: str, count: int) -> Statement[list[StoredCharge]]:
    def read(connection: Connection) -> list[StoredCharge]:
        found = connection.execute(_newest, {"user": user_id, "count": count})
        return [_read(*row) for row in found]

    return read


def ids_of(user_id: str) -> Statement[list[str]]:
    def read(connection: Connection) -> list[str]:
        return list(connection.execute(_ids, {"user": user_id}).scalars())

    return read


def unsettled(state: State, before: datetime) -> Statement[list[StoredCharge]]:
    """The charges that have been in ``state`` since before ``before``."""

    def read(connection: Connection) -> list[StoredCharge]:
        found = connection.execute(_unsettled, {"in_state": state, "before": before})
        return [_read(*row) for row in found]

    return read


def states(charge_ids: Iterable[str]) -> Statement[dict[str, State]]:
    """The states of those charges that are known, by id."""
    ids = list(charge_ids)

    def read(connection: Connection) -> dict[str, State]:
        found: dict[str, State] = {}
        for portion in portions(ids, AT_ONCE):
            query = select(_id, payments.c.state).where(_id.in_(portion))
            found |= {row[0]: row[1] for row in connection.execute(query)}
        return found

    return read


def add(charge: Charge, state: State, now: datetime, since: datetime) -> Statement[None]:
    """Insert a charge that is new ``now``, and in ``state`` since ``since``."""
    plan = charge.plan()
    row = {
        "telegram_payment_charge_id": charge.charge_id,
        "user_id": charge.user_id,
        "payload": charge.payload,
        "plan_type": plan.plan_type if plan else None,
        "amount": charge.amount,
        "currency": charge.currency,
        "state": state,
        "created_at": now,
        "updated_at": since,
    }

    def insert_row(connection: Connection) -> None:
        added = connection.execute(insert_new(connection, payments), row).rowcount == 1
        guard(added, "the charge")

    return insert_row


def step(charge_id: str, was: State, becomes: State, now: datetime) -> Statement[None]:
    values = {"charge": charge_id, "was": was, "becomes": becomes, "now": now}

    def change(connection: Connection) -> None:
        changed = connection.execute(_step, values).rowcount == 1
        guard(changed, "the charge")

    return change


def audit_refund(charge: Charge, reason: str) -> Statement[None]:
    details = {"charge": charge.charge_id, "stars": charge.amount, "reason": reason}
    return audited(REFUND, details, charge.user_id)


def rows(user_id: str) -> Statement[list[dict[str, Any]]]:
    def read(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(_all, {"user": user_id}).mappings()]

    return read


def _read(
    user_id: str,
    payload: str,
    amount: int,
    currency: str,
    charge_id: str,
    state: State,
    created_at: datetime,
    updated_at: datetime,
) -> StoredCharge:
    charge = Charge(user_id, payload, amount, currency, charge_id)
    return StoredCharge(charge, state, created_at, updated_at)
