"""A subscriber: a handler of one type of event, and options for its delivery."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from yabot.errors import InvalidInput
from yabot.events.envelope import Envelope, EventPayload
from yabot.log.unit_of_work import UnitOfWork

P = TypeVar("P", bound=EventPayload)


@dataclass(frozen=True, slots=True)
class Event(Generic[P]):
    envelope: Envelope
    payload: P

    @property
    def user_id(self) -> str:
        """Raises InvalidInput for an event without a user: no repetition can mend that."""
        if self.envelope.user_id is None:
            raise InvalidInput(f"user_id: this {self.envelope.event_type} is about nobody")
        return self.envelope.user_id


# Reads what it needs, and adds all changes to the unit. It may be called again for the same event,
# before its unit is committed: any other effect of it may happen twice.
Handler = Callable[[Event[P], UnitOfWork], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscriber(Generic[P]):
    """``name`` is the consumer in its receipts: an event takes effect once for each name."""

    name: str
    event: type[P]
    handle: Handler[P]
    # What to do with an event that is retried after later ones of its user have taken effect.
    late: Literal["apply", "refuse"] = "refuse"
    # Seconds that one attempt may take.
    timeout: float = 30.0
