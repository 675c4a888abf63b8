"""What does not fit becomes a dead letter; of a flood, only the first ones."""

from collections.abc import Sequence
from time import monotonic

from sqlalchemy import Connection, bindparam, update

from yabot.bus.inbound.ingestion import CONSUMER
from yabot.bus.inbound.reading import EventRefused
from yabot.bus.inbound.stream import Entry
from yabot.clock import utc_now
from yabot.error_text import error_text
from yabot.errors import InvalidInput
from yabot.events.envelope import Envelope
from yabot.events.failures import EventProcessingFailed
from yabot.observability.logging import get_logger
from yabot.observability.metrics import INBOUND
from yabot.storage.relational.audit import audited
from yabot.storage.relational.commit_log import CommitLog
from yabot.storage.relational.database import Statement, insert_new
from yabot.storage.relational.tables import dead_letters
from yabot.storage.relational.unit_of_work import Cause, UnitOfWork

log = get_logger(__name__)

MOST_A_MINUTE = 100
# Characters that are kept of an entry that holds no envelope.
LONGEST_ENTRY = 2000
# The type, in its dead letter, of what has none that could be read.
UNREADABLE = "unreadable"

_again = (
    update(dead_letters)
    .where(
        dead_letters.c.consumer == bindparam("who"), dead_letters.c.event_id == bindparam("which")
    )
    .values(
        state="dead",
        attempts=dead_letters.c.attempts + 1,
        envelope=bindparam("what"),
        error_code=bindparam("code"),
        error=bindparam("text"),
        last_failed_at=bindparam("now"),
    )
)


class Refusals:
    def __init__(self, commits: CommitLog) -> None:
        self._commits = commits
        self._minute_began = float("-inf")
        self._in_this_minute = 0

    async def refuse(
        self, entry: Entry, error: InvalidInput, checks: Sequence[Statement[None]]
    ) -> None:
        """Raises StoreUnavailable, GuardFailed, OwnershipLost: then the call may be made again."""
        self._begin_minute()
        work = UnitOfWork(Cause(CONSUMER, f"refused:{entry.id}", entry.id), [*checks])
        if self._in_this_minute < MOST_A_MINUTE:
            self._bury(work, entry, error)
            await self._commits.commit(work)
            INBOUND.labels("refused").inc()
        else:
            if self._in_this_minute == MOST_A_MINUTE:
                log.error("inbound.flooded", refused=MOST_A_MINUTE)
                details = {"refused": MOST_A_MINUTE, "entry": entry.id}
                work.run(audited("inbound_flooded", details))
                await self._commits.commit(work)
            INBOUND.labels("dropped").inc()
        self._in_this_minute += 1

    def _begin_minute(self) -> None:
        if monotonic() - self._minute_began < 60:
            return
        dropped = self._in_this_minute - MOST_A_MINUTE
        if dropped > 0:
            log.error("inbound.dropped", entries=dropped)
        self._minute_began, self._in_this_minute = monotonic(), 0

    def _bury(self, work: UnitOfWork, entry: Entry, error: InvalidInput) -> None:
        envelope = error.envelope if isinstance(error, EventRefused) else _shown(entry)
        log.warning("inbound.refused", entry=entry.id, reason=str(error))
        work.run(_letter(envelope, error))
        known = envelope.event_type in self._commits.catalog.names
        work.publish(
            EventProcessingFailed(
                original_event_id=envelope.event_id,
                # Anybody can make up names: those who listen are to see few of them.
                original_event_type=envelope.event_type if known else UNREADABLE,
                error=error.code,
                consumer=CONSUMER,
            )
        )


def _shown(entry: Entry) -> Envelope:
    """An envelope around what is none, so that operators can look at it like at any other."""
    text = "" if entry.event is None else entry.event.decode(errors="replace")
    name = f"{CONSUMER}:{entry.id}"
    return Envelope(
        event_id=name,
        event_type=UNREADABLE,
        version=1,
        timestamp=utc_now(),
        correlation_id=name,
        causation_id=name,
        payload={"entry": text[:LONGEST_ENTRY]},
    )


def _letter(envelope: Envelope, error: InvalidInput) -> Statement[None]:
    row = {
        "consumer": CONSUMER,
        "event_id": envelope.event_id,
        "group_name": CONSUMER,
        "partition": 0,
        "user_id": envelope.user_id,
        "event_type": envelope.event_type,
        "envelope": envelope.to_json(),
        "state": "dead",
        "attempts": 1,
        "error_code": error.code,
        "error": error_text(error),
        "first_failed_at": utc_now(),
        "last_failed_at": utc_now(),
    }
    values = {
        "who": CONSUMER,
        "which": envelope.event_id,
        "what": row["envelope"],
        "code": row["error_code"],
        "text": row["error"],
        "now": row["last_failed_at"],
    }

    def add(connection: Connection) -> None:
        if connection.execute(insert_new(connection, dead_letters), row).rowcount == 0:
            connection.execute(_again, values)

    return add
