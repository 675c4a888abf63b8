"""Statements on ``dead_letters``: an event's failures, from the first until they are resolved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from yabot.bus.tables import dead_letters
from yabot.clock import utc_now
from yabot.error_text import error_text
from yabot.errors import YabotError
from yabot.events.envelope import Envelope
from yabot.log.lease import Lease
from yabot.log.unit_of_work import Cause, guard
from yabot.storage.relational.database import Statement, executing, insert_new
from yabot.subscriber import Subscriber


@dataclass(slots=True)
class Case:
    """One event that one subscriber has to handle.

    The checks of its ``lease`` go into each of its transactions: they raise LeaseLost when another
    process has the partition by then.
    """

    subscriber: Subscriber[Any]
    group: str
    partition: int
    envelope: Envelope
    lease: Lease | None = None
    # How often it has failed so far; also stored in SQL.
    failures: int = 0
    # A store did not answer: the event may have taken effect all the same.
    unsure: bool = False

    @property
    def consumer(self) -> str:
        return self.subscriber.name

    @property
    def checks(self) -> list[Statement[None]]:
        return self.lease.checks if self.lease else []

    def cause(self, cause_id: str | None = None) -> Cause:
        """The event itself, unless another id is given."""
        return Cause(
            self.consumer, cause_id or self.envelope.event_id, self.envelope.correlation_id
        )


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter that an operator wants tried again."""

    id: int
    consumer: str
    partition: int
    envelope: Envelope
    attempts: int


_this = (dead_letters.c.consumer == bindparam("who")) & (
    dead_letters.c.event_id == bindparam("which")
)
_fail = (
    update(dead_letters)
    .where(_this, dead_letters.c.state == "retrying")
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("count"),
        error_code=bindparam("code"),
        error=bindparam("text"),
        last_failed_at=bindparam("now"),
    )
)
_stay_dead = (
    update(dead_letters)
    .where(dead_letters.c.id == bindparam("row"), dead_letters.c.state == "retry")
    .values(
        state="dead",
        attempts=dead_letters.c.attempts + 1,
        error_code=bindparam("code"),
        error=bindparam("text"),
        last_failed_at=bindparam("now"),
    )
)
_recovered = delete(dead_letters).where(_this, dead_letters.c.state == "retrying")
_resolve = (
    update(dead_letters).where(_this, dead_letters.c.state == "retry").values(state="resolved")
)
_retrying = select(dead_letters.c.consumer, dead_letters.c.event_id, dead_letters.c.attempts).where(
    dead_letters.c.group_name == bindparam("group"),
    dead_letters.c.partition.in_(bindparam("numbers", expanding=True)),
    dead_letters.c.state == "retrying",
)
_wanted = (
    select(
        dead_letters.c.id,
        dead_letters.c.consumer,
        dead_letters.c.partition,
        dead_letters.c.envelope,
        dead_letters.c.attempts,
    )
    .where(
        dead_letters.c.group_name == bindparam("group"),
        dead_letters.c.partition.in_(bindparam("numbers", expanding=True)),
        dead_letters.c.id.not_in(bindparam("besides", expanding=True)),
        dead_letters.c.state == "retry",
    )
    .order_by(dead_letters.c.id)
    .limit(bindparam("most"))
)


def failed(case: Case, error: Exception, *, state: str) -> Statement[None]:
    """Note a failure; ``state`` is "retrying" while the event is tried again, then "dead".

    Raises LeaseLost. A letter that was settled by somebody else meanwhile stays as it is.
    """
    values = {
        "who": case.consumer,
        "which": case.envelope.event_id,
        "new_state": state,
        "count": case.failures,
        **_told(error),
    }

    def note(connection: Connection) -> None:
        for check in case.checks:
            check(connection)
        if connection.execute(_fail, values).rowcount == 0:
            connection.execute(insert_new(connection, dead_letters), _row(case, values))

    return note


def recovered(case: Case) -> Statement[None]:
    """The event was handled after all: delete its failures."""
    where = {"who": case.consumer, "which": case.envelope.event_id}
    return executing(_recovered, where)


def resolved(case: Case) -> Statement[None]:
    """The operator's retry has succeeded. Fails its guard if the letter waits for no retry."""
    where = {"who": case.consumer, "which": case.envelope.event_id}

    def resolve(connection: Connection) -> None:
        found = connection.execute(_resolve, where).rowcount == 1
        guard(found, f"the dead letter of {case.envelope.event_id}")

    return resolve


def failures_of(group: str, partitions: Sequence[int]) -> Statement[dict[tuple[str, str], int]]:
    """How often each event that is still being tried has failed, by consumer and event."""
    where = {"group": group, "numbers": partitions}
    return lambda connection: {
        (row.consumer, row.event_id): row.attempts for row in connection.execute(_retrying, where)
    }


def wanted_again(
    group: str, partitions: Sequence[int], besides: Sequence[int], most: int
) -> Statement[list[Letter]]:
    """Letters of ``partitions`` that an operator wants tried again, oldest first, without those
    whose ids are in ``besides``.
    """
    where = {"group": group, "numbers": partitions, "besides": besides, "most": most}

    def read(connection: Connection) -> list[Letter]:
        return [
            Letter(
                row.id,
                row.consumer,
                row.partition,
                Envelope.model_validate_json(row.envelope),
                row.attempts,
            )
            for row in connection.execute(_wanted, where)
        ]

    return read


def stays_dead(letter_id: int, error: Exception) -> Statement[None]:
    """The retry has failed, because of ``error``."""
    return executing(_stay_dead, {"row": letter_id, **_told(error)})


def failure_code(error: Exception) -> str:
    """Our own error code, or the name of a library's exception."""
    return error.code if isinstance(error, YabotError) else type(error).__name__


def _told(error: Exception) -> dict[str, object]:
    return {"code": failure_code(error), "text": error_text(error), "now": utc_now()}


def _row(case: Case, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "consumer": case.consumer,
        "event_id": case.envelope.event_id,
        "group_name": case.group,
        "partition": case.partition,
        "user_id": case.envelope.user_id,
        "event_type": case.envelope.event_type,
        "envelope": case.envelope.to_json(),
        "state": values["new_state"],
        "attempts": values["count"],
        "error_code": values["code"],
        "error": values["text"],
        "first_failed_at": values["now"],
        "last_failed_at": values["now"],
    }
