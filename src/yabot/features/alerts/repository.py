"""Statements on ``alerts``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from yabot.features.alerts.tables import alerts
from yabot.log.unit_of_work import guard
from yabot.storage.relational.database import Statement, insert_new


@dataclass(frozen=True, slots=True)
class Alert:
    """``text`` is the key of a text, ``variables`` are the text's; both make the subject."""

    text: str
    variables: Mapping[str, str]

    @property
    def subject(self) -> str:
        return " ".join([self.text, *(value for _, value in sorted(self.variables.items()))])


@dataclass(frozen=True, slots=True)
class Told:
    alert: Alert
    told_at: datetime
    # How often it has happened since.
    untold: int


_columns = (alerts.c.text, alerts.c.variables, alerts.c.told_at, alerts.c.untold)
_find = select(*_columns).where(alerts.c.subject == bindparam("about"))
_untold = (
    select(*_columns)
    .where(
        alerts.c.untold > 0,
        # Or the clock was ahead at the last alert: otherwise it would be due only at that moment.
        (alerts.c.told_at <= bindparam("before")) | (alerts.c.told_at >= bindparam("after")),
    )
    .order_by(alerts.c.subject)
)
_since = (alerts.c.subject == bindparam("about")) & (alerts.c.told_at == bindparam("last_told"))
_count = update(alerts).where(_since).values(untold=alerts.c.untold + 1)
_tell_again = (
    update(alerts)
    .where(_since, alerts.c.untold == bindparam("counted"))
    .values(told_at=bindparam("now"), untold=0)
)


def find(alert: Alert) -> Statement[Told | None]:
    def read(connection: Connection) -> Told | None:
        row = connection.execute(_find, {"about": alert.subject}).first()
        return None if row is None else _told(*row)

    return read


def untold(now: datetime, quiet: timedelta) -> Statement[list[Told]]:
    """The alerts told at least ``quiet`` ago that have happened again since."""
    where = {"before": now - quiet, "after": now + quiet}
    return lambda connection: [_told(*row) for row in connection.execute(_untold, where)]


def tell_first(alert: Alert, now: datetime) -> Statement[None]:
    """Fails its guard when the alert was told before."""
    row = {
        "subject": alert.subject,
        "text": alert.text,
        "variables": json.dumps(alert.variables, ensure_ascii=False),
        "told_at": now,
        "untold": 0,
    }

    def add(connection: Connection) -> None:
        added = connection.execute(insert_new(connection, alerts), row).rowcount == 1
        guard(added, f"alert {alert.subject}")

    return add


def tell_again(told: Told, now: datetime) -> Statement[None]:
    """Fails its guard when the alert was told meanwhile, or has happened once more."""
    values = {
        "about": told.alert.subject,
        "last_told": told.told_at,
        "counted": told.untold,
        "now": now,
    }

    def change(connection: Connection) -> None:
        changed = connection.execute(_tell_again, values).rowcount == 1
        guard(changed, f"alert {told.alert.subject}")

    return change


def count(told: Told) -> Statement[None]:
    """Fails its guard when the alert was told meanwhile."""
    values = {"about": told.alert.subject, "last_told": told.told_at}

    def change(connection: Connection) -> None:
        changed = connection.execute(_count, values).rowcount == 1
        guard(changed, f"alert {told.alert.subject}")

    return change


def _told(text: str, variables: str, told_at: datetime, untold: int) -> Told:
    return Told(Alert(text, json.loads(variables)), told_at, untold)
