"""The one list of event types. What is not in it, or does not fit its model, is not published."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from yabot.errors import InvalidInput, StartupError
from yabot.events.envelope import Envelope, EventPayload

# An event type also names a Redis channel and a section of docs/events.md.
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")

# Types whose events take effect in this order within one correlation.
Chain = Sequence[type[EventPayload]]


def _ring(error: CycleError) -> str:
    names: list[str] = error.args[1]
    return " → ".join(names)


def _require_user(kind: type[EventPayload], user_id: str | None) -> None:
    if kind.needs_user and user_id is None:
        raise InvalidInput(f"user_id: {kind.event_type} is about a user, and none is named")


class Catalog:
    def __init__(
        self,
        types: Iterable[type[EventPayload]],
        from_outside: Collection[str] | None = None,
        chains: Iterable[Chain] = (),
    ) -> None:
        """``from_outside`` are the types that other services may send; None: all.

        Raises StartupError for a type whose name is not in snake case, for two types of one name,
        and for chains that name unknown types or form a ring.
        """
        self._types: dict[str, type[EventPayload]] = {}
        self._from_outside = from_outside
        for payload_type in types:
            self._add(payload_type)
        self._causes = self._direct_causes(chains)
        self._before = self._declared_order()

    def _add(self, payload_type: type[EventPayload]) -> None:
        if not _NAME.fullmatch(payload_type.event_type):
            raise StartupError(
                f"event type '{payload_type.event_type}' of {payload_type.__qualname__}: a type is "
                "named in small letters, digits and underscores, such as 'item_acquired'"
            )
        known = self._types.setdefault(payload_type.event_type, payload_type)
        if known is not payload_type:
            raise StartupError(
                f"event type '{payload_type.event_type}' is declared by both "
                f"{known.__qualname__} and {payload_type.__qualname__}"
            )

    def _direct_causes(self, chains: Iterable[Chain]) -> dict[str, set[str]]:
        causes: dict[str, set[str]] = defaultdict(set)
        for chain in chains:
            if unknown := {kind.event_type for kind in chain} - self._types.keys():
                raise StartupError(f"a chain names event types that nobody brings: {unknown}")
            for cause, effect in pairwise(chain):
                causes[effect.event_type].add(cause.event_type)
        return causes

    def _declared_order(self) -> dict[str, frozenset[str]]:
        """By type, all types before it: its causes, their causes, and so on."""
        causes = {name: self.causes(name) for name in self._types}
        before: dict[str, frozenset[str]] = {}
        try:
            for name in TopologicalSorter(causes).static_order():
                direct = causes[name]
                before[name] = frozenset(direct).union(*(before[each] for each in direct))
        except CycleError as error:
            raise StartupError(f"event types cause each other in a ring: {_ring(error)}") from error
        return before

    def __iter__(self) -> Iterator[type[EventPayload]]:
        return iter(self._types.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._types)

    def takes_from_outside(self, event_type: str) -> bool:
        """Whether other services may send this type."""
        return self._from_outside is None or event_type in self._from_outside

    def require_from_outside(self, event_type: str) -> None:
        """Raises InvalidInput for a type that no other service may send."""
        if not self.takes_from_outside(event_type):
            raise InvalidInput(
                f"event_type: other services may not send {event_type}; where one should, name it "
                "in INBOUND_EVENT_TYPES, then try the event again"
            )

    def causes(self, event_type: str) -> list[str]:
        """The types that stand just before this one in a chain, by name."""
        return sorted(self._causes.get(event_type, ()))

    def before(self, event_type: str) -> frozenset[str]:
        """The types whose events take effect before this one's in any correlation."""
        return self._before[event_type]

    def after(self, event_type: str) -> frozenset[str]:
        """The types whose events take effect after this one's in any correlation."""
        return frozenset(name for name, before in self._before.items() if event_type in before)

    def check(self, payload: EventPayload, user_id: str | None) -> None:
        """Raises InvalidInput when the payload's type is not in the catalog, or needs a user."""
        if self._types.get(payload.event_type) is not type(payload):
            raise InvalidInput(
                f"event type '{payload.event_type}' is not in the catalog; "
                "list its payload in the `events` of a feature"
            )
        _require_user(type(payload), user_id)

    def payload_of(self, envelope: Envelope) -> EventPayload:
        """Raises InvalidInput as ``model_of`` does, and when a needed user is missing; pydantic's
        ValidationError for a bad payload.
        """
        model = self.model_of(envelope)
        _require_user(model, envelope.user_id)
        # JSON has no tuples: what was a tuple comes back as a list.
        return model.model_validate(envelope.payload, strict=False)

    def model_of(self, envelope: Envelope) -> type[EventPayload]:
        """Raises InvalidInput for an unknown type or a later version than this program knows."""
        payload_type = self._types.get(envelope.event_type)
        if payload_type is None:
            # Without the name, which a stranger may have written.
            raise InvalidInput("event_type: there is none of this name in the catalog")
        if envelope.version > payload_type.version:
            raise InvalidInput(
                f"version: this program knows {envelope.event_type} up to {payload_type.version}: "
                "upgrade it, then try the event again"
            )
        return payload_type

    def schemas(self) -> dict[str, dict[str, object]]:
        """Each type's version and JSON Schema: what consumers rely on."""
        return {
            name: {"version": kind.version, "payload": kind.model_json_schema()}
            for name, kind in sorted(self._types.items())
        }
