"""Entries that do not fit become dead letters. A flood of them waits in Redis for that.

So SQL and the operator's list stay bounded whatever is written, and nothing that arrived is lost:
the excess is moved aside from the stream, so that it holds up nothing behind it. When an entry's
turn comes it is read anew, because a newer version of this program may know it by then.
"""

from collections.abc import Callable, Sequence
from time import monotonic

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.exc import DataError, IntegrityError

from yabot.bus.inbound.ingestion import CONSUMER, Ingestion
from yabot.bus.inbound.reading import MOST_BYTES, EventRefused, NotAnEnvelope, read_event
from yabot.bus.inbound.sources import Entry
from yabot.bus.inbound.stream import ASIDE, InboundStream
from yabot.bus.tables import dead_letters
from yabot.clock import utc_now
from yabot.error_text import error_text
from yabot.errors import InvalidInput
from yabot.events.envelope import Envelope
from yabot.events.failures import EventProcessingFailed
from yabot.log.audit import audited
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.observability.metrics import INBOUND, INBOUND_ASIDE
from yabot.storage.relational.database import Statement, insert_new

log = get_logger(__name__)

MOST_A_MINUTE = 100
# Letters of this consumer that may wait for an operator at a time.
MOST_LETTERS = 1000
# Without the number of entries, which INBOUND_ASIDE shows: each changed reason would be logged.
_FLOODED = (
    f"entries that do not fit wait in {ASIDE}, behind {MOST_A_MINUTE} dead letters a minute and "
    f"{MOST_LETTERS} at a time: see `yabot dlq list`, and who writes them"
)
# The event type in a dead letter whose entry has none that can be read.
UNREADABLE = "unreadable"

_dead = select(func.count()).where(
    dead_letters.c.group_name == CONSUMER, dead_letters.c.state == "dead"
)
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
    def __init__(self, ingestion: Ingestion, stream: InboundStream) -> None:
        self._ingestion = ingestion
        self._commits = ingestion.commits
        self._stream = stream
        # Letters that may still be made before the minute is over.
        self._room = 0
        self._minute_began = float("-inf")
        # How many entries wait aside in Redis; None until that was read.
        self._aside: int | None = None
        # The ids of entries that are still in the stream and have to be moved aside.
        self._to_set_aside: dict[str, None] = {}
        # Gets a sentence while entries wait aside, and None when none do any more.
        self.on_flood: Callable[[str | None], None] = lambda _reason: None

    def begin_anew(self) -> None:
        """Forget all that is known: another process may have worked meanwhile."""
        self._aside = None
        self._minute_began = float("-inf")
        self._to_set_aside.clear()

    async def refuse(
        self, entry: Entry, error: InvalidInput, checks: Sequence[Statement[None]]
    ) -> bool:
        """Make a dead letter of ``entry``; False if there is no room: ``set_aside`` will move it.

        Raises StoreUnavailable, GuardFailed, LeaseLost: then the call may be repeated.
        """
        if entry.place == "posted":
            # It did fit when a known service posted it: there is no flood of such entries.
            await self._bury(entry, error, checks)
            return True
        await self._look()
        # Entries that were set aside earlier have their turn first.
        if self._aside == 0 and not self._to_set_aside and self._room > 0:
            await self._bury(entry, error, checks)
            return True
        self._to_set_aside[entry.id] = None
        return False

    def is_to_set_aside(self, entry: Entry) -> bool:
        return entry.place == "stream" and entry.id in self._to_set_aside

    async def set_aside(self, checks: Sequence[Statement[None]]) -> None:
        """Move the entries for which there was no room. Raises as ``refuse`` does."""
        if not self._to_set_aside:
            return
        if self._aside == 0:
            await self._tell_of_flood(checks)
        self._note(await self._stream.set_aside([*self._to_set_aside]))
        INBOUND.labels("set_aside").inc(len(self._to_set_aside))
        self._to_set_aside.clear()

    async def take_up(self, checks: Sequence[Statement[None]]) -> None:
        """Take in entries that wait aside, as long as there is room for letters of those that still
        do not fit. Raises as ``refuse`` does.
        """
        await self._look()
        if not self._aside or self._room <= 0:
            return
        for entry in await self._stream.read_aside():
            if self._room <= 0:
                break
            await self._take_up(entry, checks)
            await self._stream.remove_aside(entry.id)
        self._note(await self._stream.count_aside())

    async def _take_up(self, entry: Entry, checks: Sequence[Statement[None]]) -> None:
        try:
            await self._ingestion.take_in(read_event(entry, self._commits.catalog), checks)
        except (DataError, IntegrityError) as error:
            await self._bury(entry, refused_by_sql(error), checks)
        except InvalidInput as error:
            await self._bury(entry, error, checks)

    async def _look(self) -> None:
        if self._aside is None:
            self._note(await self._stream.count_aside())
        if monotonic() - self._minute_began >= 60:
            letters = await self._commits.database.read(
                lambda connection: connection.execute(_dead).scalar_one()
            )
            self._room = max(min(MOST_A_MINUTE, MOST_LETTERS - letters), 0)
            self._minute_began = monotonic()

    def _note(self, aside: int) -> None:
        self._aside = aside
        INBOUND_ASIDE.set(aside)
        self.on_flood(_FLOODED if aside else None)

    async def _tell_of_flood(self, checks: Sequence[Statement[None]]) -> None:
        first = next(iter(self._to_set_aside))

        async def note(work: UnitOfWork) -> None:
            work.add(audited("inbound_flooded", {"entry": first}))

        cause = Cause(CONSUMER, f"flooded:{first}", first)
        if not (await self._commits.decide(cause, note, checks=checks)).committed.duplicate:
            log.error("inbound.flooded", entry=first)

    async def _bury(
        self, entry: Entry, error: InvalidInput, checks: Sequence[Statement[None]]
    ) -> None:
        async def write_letter(work: UnitOfWork) -> None:
            self._write_letter(work, entry, error)

        cause = Cause(CONSUMER, f"refused:{entry.name}", entry.name)
        if (await self._commits.decide(cause, write_letter, checks=checks)).committed.duplicate:
            return
        self._room -= 1
        INBOUND.labels("refused").inc()
        log.warning("inbound.refused", entry=entry.name, reason=str(error))

    def _write_letter(self, work: UnitOfWork, entry: Entry, error: InvalidInput) -> None:
        envelope = error.envelope if isinstance(error, EventRefused) else _shown(entry)
        work.add(_letter(envelope, error))
        known = envelope.event_type in self._commits.catalog.names
        work.publish(
            EventProcessingFailed(
                original_event_id=envelope.event_id,
                # Anybody can make up names: subscribers must not get any number of them.
                original_event_type=envelope.event_type if known else UNREADABLE,
                error=error.code,
                consumer=CONSUMER,
            )
        )


def refused_by_sql(error: DataError | IntegrityError) -> NotAnEnvelope:
    return NotAnEnvelope(f"SQL does not take it: {error_text(error)}")


def entry_in(letter: Envelope) -> Entry | None:
    """The original entry, if ``letter`` was made by ``_shown`` for one that was no envelope."""
    text = letter.payload.get("entry")
    if letter.event_type != UNREADABLE or not isinstance(text, str):
        return None
    return Entry(letter.event_id, text.encode())


def _shown(entry: Entry) -> Envelope:
    """An envelope around an unreadable entry, so that operators can look at it like any other."""
    text = "" if entry.event is None else entry.event[:MOST_BYTES].decode(errors="backslashreplace")
    name = f"{CONSUMER}:{entry.name}"
    return Envelope(
        event_id=name,
        event_type=UNREADABLE,
        version=1,
        timestamp=utc_now(),
        correlation_id=name,
        causation_id=name,
        payload={"entry": text},
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
