"""What one cause is about to change, gathered while deciding, committed as one.

Nothing here touches a store: deciding stays pure, and can be done again on fresh state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from uuid_utils import uuid7

from yabot.errors import GuardFailed

if TYPE_CHECKING:
    # Checking a story composes messages, and must not import a store.
    from collections.abc import Callable

    from pydantic import BaseModel
    from sqlalchemy import Connection

    from yabot.events.envelope import Envelope, EventPayload
    from yabot.storage.relational.database import Statement

S = TypeVar("S")
G = TypeVar("G", bound="Gathering")


class Gathering(ABC):
    """A statement that several callers add to; a unit has one of each kind, from
    ``UnitOfWork.gather``."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, connection: Connection) -> None: ...


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens: ``id`` is unique for its consumer, and names the receipt."""

    consumer: str
    id: str
    correlation_id: str
    # What the log shows in place of an id that others have chosen.
    alias: str = ""

    @property
    def receipt(self) -> str:
        """Unique among all consumers: the same event is a separate cause for each of them."""
        return f"{self.consumer}:{self.id}"

    @property
    def in_log(self) -> str:
        return self.alias or self.id

    @classmethod
    def of_its_own(cls, consumer: str, kind: str) -> Cause:
        """A cause with a new id ``<kind>:<uuid>``, for what no update, event or request set off."""
        cause_id = f"{kind}:{uuid7()}"
        return cls(consumer, cause_id, cause_id)


def id_in(receipt: str) -> str:
    """The cause's id in a receipt; an update's is also the correlation id of its events."""
    return receipt.partition(":")[2]


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """From ``state_version`` ``from_version`` to the next; no ``document`` means deletion."""

    user_id: str
    from_version: int
    document: BaseModel | None
    # The BSON for MongoDB: made when the change is committed, or from its row in SQL.
    encoded: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A Bot API call to make after the commit: method name and its parameters as JSON."""

    chat_id: int
    method: str
    payload: str
    content_id: str | None = None


@dataclass(slots=True)
class UnitOfWork:
    """Made for one attempt at one cause, filled by whatever decides, committed once."""

    cause: Cause
    statements: list[Statement[None]] = field(default_factory=list)
    documents: dict[str, DocumentChange] = field(default_factory=dict)
    events: list[tuple[EventPayload, str | None]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    # Events that another service has published: they stand before our own.
    ingested: list[Envelope] = field(default_factory=list)
    # Called when all of this is committed, and only then: for lines in the log and metrics.
    afterwards: list[Callable[[], object]] = field(default_factory=list)

    @property
    def changes_anything(self) -> bool:
        parts = (self.statements, self.documents, self.events, self.messages, self.ingested)
        return any(parts)

    def draft(self) -> UnitOfWork:
        """An empty one, to be absorbed or thrown away."""
        return UnitOfWork(self.cause)

    def copy(self) -> UnitOfWork:
        """One with all of this, to be filled further; ``become`` it, or throw it away.

        ``Gathering`` statements are shared: what is added to one here is in both units.
        """
        copied = self.draft()
        copied.absorb(self)
        return copied

    def become(self, copied: UnitOfWork) -> None:
        """Take over the contents of ``copied``, which began as a copy of this unit."""
        self.statements, self.documents = copied.statements, copied.documents
        self.events, self.messages = copied.events, copied.messages
        self.ingested, self.afterwards = copied.ingested, copied.afterwards

    def absorb(self, other: UnitOfWork) -> None:
        """Add all that ``other`` wants to change."""
        self.statements += other.statements
        self.documents |= other.documents
        self.events += other.events
        self.messages += other.messages
        self.ingested += other.ingested
        self.afterwards += other.afterwards

    def find(self, kind: type[S]) -> S | None:
        """Its first statement of that kind; None while it has none."""
        return next((each for each in self.statements if isinstance(each, kind)), None)

    def gather(self, kind: type[G]) -> G:
        """Its one statement of that kind."""
        found = self.find(kind)
        if found is None:
            found = kind()
            self.add(found)
        return found

    def add(self, statement: Statement[None]) -> None:
        """Add a relational change; one that finds the state changed raises GuardFailed."""
        self.statements.append(statement)

    def leave_receipt(self) -> None:
        """Commit even if nothing else is added: doing nothing is a decision, too, and if the cause
        were decided again later, it might find something to do.
        """
        self.statements.append(_nothing)

    def change_document(self, change: DocumentChange) -> None:
        """A version step is one document: a later change of the same user replaces the earlier."""
        self.documents[change.user_id] = change

    def publish(self, payload: EventPayload, user_id: str | None = None) -> None:
        self.events.append((payload, user_id))

    def ingest(self, envelope: Envelope) -> None:
        """Add another service's event to the log, with the ids and the time that it came with."""
        self.ingested.append(envelope)

    def send(self, message: Message) -> None:
        self.messages.append(message)


def _nothing(_connection: Connection) -> None:
    """Does nothing; makes ``changes_anything`` true."""


def guard(holds: bool, what: str) -> None:
    """Raises GuardFailed unless ``holds``: ``what`` has changed since the decision read it."""
    if not holds:
        raise GuardFailed(f"{what} has changed meanwhile")
