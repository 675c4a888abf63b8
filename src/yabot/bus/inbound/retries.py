"""Retries refused events for an operator: this version may be able to read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import DataError, IntegrityError

from yabot.bus.dead_letters.failures import stays_dead
from yabot.bus.inbound.ingestion import CONSUMER, Ingestion
from yabot.bus.inbound.reading import fitting, read_event
from yabot.bus.inbound.refusals import entry_in, refused_by_sql
from yabot.bus.tables import dead_letters
from yabot.errors import InvalidInput
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Statement, executing

log = get_logger(__name__)

AT_ONCE = 20

_wanted = (
    select(dead_letters.c.id, dead_letters.c.envelope)
    .where(dead_letters.c.group_name == CONSUMER, dead_letters.c.state == "retry")
    .order_by(dead_letters.c.id)
    .limit(AT_ONCE)
)
_resolve = (
    update(dead_letters)
    .where(dead_letters.c.id == bindparam("row"), dead_letters.c.state == "retry")
    .values(state="resolved")
)


@dataclass(frozen=True, slots=True)
class Letter:
    id: int
    envelope: Envelope


class _GivenUp(Exception):
    """Nobody wants the letter tried again any more."""


async def retry_wanted(ingestion: Ingestion, checks: Sequence[Statement[None]]) -> None:
    """Retry some of them. Raises StoreUnavailable, GuardFailed, LeaseLost; the rest still wait."""
    commits = ingestion.commits
    for letter in await commits.database.read(_read_wanted):
        try:
            refusal = await _retry(letter, ingestion, checks)
        except _GivenUp:
            log.info("dead_letter.given_up", consumer=CONSUMER, id=letter.id)
            continue
        if refusal is None:
            # Needed for an event that the log had already: then nothing was committed.
            await commits.database.write(executing(_resolve, {"row": letter.id}))
            log.info("dead_letter.resolved", consumer=CONSUMER, id=letter.id)
        else:
            await commits.database.write(stays_dead(letter.id, refusal))
            log.warning("dead_letter.stays", id=letter.id, reason=str(refusal))


async def _retry(
    letter: Letter, ingestion: Ingestion, checks: Sequence[Statement[None]]
) -> InvalidInput | None:
    """Why the event still does not fit; None when it is taken in.

    The commit that takes it in also resolves the letter, and raises _GivenUp if the letter waits
    for no retry any more.
    """
    try:
        envelope = _read_again(letter.envelope, ingestion.commits.catalog)
        await ingestion.take_in(envelope, [*checks, _resolved(letter)])
    except (DataError, IntegrityError) as error:
        return refused_by_sql(error)
    except InvalidInput as refusal:
        return refusal
    return None


def _resolved(letter: Letter) -> Statement[None]:
    def resolve(connection: Connection) -> None:
        if connection.execute(_resolve, {"row": letter.id}).rowcount == 0:
            raise _GivenUp

    return resolve


def _read_again(letter: Envelope, catalog: Catalog) -> Envelope:
    """Raises InvalidInput."""
    entry = entry_in(letter)
    return fitting(letter, catalog) if entry is None else read_event(entry, catalog)


def _read_wanted(connection: Connection) -> list[Letter]:
    return [
        Letter(row.id, Envelope.model_validate_json(row.envelope))
        for row in connection.execute(_wanted)
    ]
