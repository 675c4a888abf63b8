"""The one list of event types. What is not in it, or does not fit its model, is not published."""

from collections.abc import Iterable, Iterator

from yabot.errors import InvalidInput
from yabot.events.envelope import Envelope, EventPayload


class Catalog:
    def __init__(self, types: Iterable[type[EventPayload]]) -> None:
        self._types: dict[str, type[EventPayload]] = {}
        for payload_type in types:
            self._add(payload_type)

    def _add(self, payload_type: type[EventPayload]) -> None:
        known = self._types.setdefault(payload_type.event_type, payload_type)
        if known is not payload_type:
            raise ValueError(
                f"event type '{payload_type.event_type}' is declared by both "
                f"{known.__qualname__} and {payload_type.__qualname__}"
            )

    def __iter__(self) -> Iterator[type[EventPayload]]:
        return iter(self._types.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._types)

    def check(self, payload: EventPayload) -> None:
        """Raises InvalidInput when the payload's type is not in the catalog."""
        if self._types.get(payload.event_type) is not type(payload):
            raise InvalidInput(
                f"event type '{payload.event_type}' is not in the catalog; "
                "list its payload in the `events` of a feature"
            )

    def payload_of(self, envelope: Envelope) -> EventPayload:
        """Raises InvalidInput for an unknown type, pydantic's ValidationError for a bad payload."""
        payload_type = self._types.get(envelope.event_type)
        if payload_type is None:
            raise InvalidInput(f"event type '{envelope.event_type}' is not in the catalog")
        # JSON has no tuples: what was a tuple comes back as a list.
        return payload_type.model_validate(envelope.payload, strict=False)

    def schemas(self) -> dict[str, dict[str, object]]:
        """Each type's version and JSON Schema: what consumers rely on."""
        return {
            name: {"version": kind.version, "payload": kind.model_json_schema()}
            for name, kind in sorted(self._types.items())
        }
