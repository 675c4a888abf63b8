"""The one list of event types. What is not in it, or does not fit its model, is not published."""

from collections.abc import Collection, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from yabot.errors import InvalidInput
from yabot.events.envelope import Envelope, EventPayload


def _ring(error: CycleError) -> str:
    names: list[str] = error.args[1]
    return " → ".join(names)


class Catalog:
    def __init__(
        self, types: Iterable[type[EventPayload]], from_outside: Collection[str] | None = None
    ) -> None:
        """``from_outside`` are the types that other services may send; None: all."""
        self._types: dict[str, type[EventPayload]] = {}
        self._from_outside = from_outside
        for payload_type in types:
            self._add(payload_type)
        self._before = self._declared_order()

    def _add(self, payload_type: type[EventPayload]) -> None:
        known = self._types.setdefault(payload_type.event_type, payload_type)
        if known is not payload_type:
            raise ValueError(
                f"event type '{payload_type.event_type}' is declared by both "
                f"{known.__qualname__} and {payload_type.__qualname__}"
            )

    def _declared_order(self) -> dict[str, frozenset[str]]:
        """By type, all that come before it: what it follows, what that follows, and so on."""
        follows = {name: kind.follows for name, kind in self._types.items()}
        before: dict[str, frozenset[str]] = {}
        try:
            for name in TopologicalSorter(follows).static_order():
                if name not in follows:
                    raise ValueError(f"event type '{name}' is followed by another, but not known")
                direct = follows[name]
                before[name] = frozenset(direct).union(*(before[each] for each in direct))
        except CycleError as error:
            raise ValueError(f"event types follow each other in a ring: {_ring(error)}") from error
        return before

    def __iter__(self) -> Iterator[type[EventPayload]]:
        return iter(self._types.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._types)

    def require_from_outside(self, event_type: str) -> None:
        """Raises InvalidInput for a type that no other service may send."""
        if self._from_outside is not None and event_type not in self._from_outside:
            raise InvalidInput(
                f"event_type: other services may not send {event_type}; where one should, name it "
                "in INBOUND_EVENT_TYPES, then try the event again"
            )

    def before(self, event_type: str) -> frozenset[str]:
        """The types whose events take effect before this one's in any correlation."""
        return self._before[event_type]

    def after(self, event_type: str) -> frozenset[str]:
        """The types whose events take effect after this one's in any correlation."""
        return frozenset(name for name, before in self._before.items() if event_type in before)

    def check(self, payload: EventPayload) -> None:
        """Raises InvalidInput when the payload's type is not in the catalog."""
        if self._types.get(payload.event_type) is not type(payload):
            raise InvalidInput(
                f"event type '{payload.event_type}' is not in the catalog; "
                "list its payload in the `events` of a feature"
            )

    def payload_of(self, envelope: Envelope) -> EventPayload:
        """Raises what ``model_of`` raises, and pydantic's ValidationError for a bad payload."""
        # JSON has no tuples: what was a tuple comes back as a list.
        return self.model_of(envelope).model_validate(envelope.payload, strict=False)

    def model_of(self, envelope: Envelope) -> type[EventPayload]:
        """Raises InvalidInput for an unknown type or a later version than this program knows."""
        payload_type = self._types.get(envelope.event_type)
        if payload_type is None:
            raise InvalidInput(f"event type '{envelope.event_type}' is not in the catalog")
        if envelope.version > payload_type.version:
            raise InvalidInput(
                f"{envelope.event_type} has version {envelope.version}, and this program knows "
                f"{payload_type.version}: upgrade it, then try the event again"
            )
        return payload_type

    def schemas(self) -> dict[str, dict[str, object]]:
        """Each type's version and JSON Schema: what consumers rely on."""
        return {
            name: {"version": kind.version, "payload": kind.model_json_schema()}
            for name, kind in sorted(self._types.items())
        }
