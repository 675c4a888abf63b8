"""The catalog as an AsyncAPI document, for programs; docs/events.md says the same to people."""

from collections.abc import Sequence
from importlib.metadata import version
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import ModelSchema, NullableSchema, WithDefaultSchema

from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope, EventPayload

Json = dict[str, Any]
Kinds = Sequence[type[EventPayload]]

ABOUT = (
    "What happened, as YABOT tells it on Redis: live on a Pub/Sub channel for each type of event, "
    "and in order on streams. A listed field that may be absent is left out, never null. A field "
    "that a consumer does not know is an addition: ignore it."
)
LIVE = (
    "Pub/Sub: whoever is not listening misses it. What must not be missed is read from the streams."
)
ENTRY = "An entry has one field, `event`: the JSON of the envelope."
STREAM = (
    "Every event, in the order of its partition: that of the CRC-32 of `user_id`, or of "
    "`correlation_id` where there is no user, modulo the number of partitions. "
    f"{ENTRY} Its id is the event's position and `-0`."
)
INBOUND = (
    "A stream for the events of other services. YABOT takes the types that are listed here: those "
    f"that its INBOUND_EVENT_TYPES names, none until then. {ENTRY} It has at most 64 KiB: "
    "`event_id` is a UUID in lower case, of any version; other ids are 1 to 128 printable ASCII "
    "characters; `timestamp` is at most five minutes ahead of YABOT's clock; `sequence` is left "
    "out. A field that the payload does not list is refused. Events are put in order by "
    "`timestamp`, causes before consequences."
)


def asyncapi_document(catalog: Catalog, partitions: int) -> Json:
    """AsyncAPI 3.0, ready for JSON. It names no server and no secret of this installation."""
    kinds = sorted(catalog, key=lambda kind: kind.event_type)
    from_outside = [kind for kind in kinds if catalog.takes_from_outside(kind.event_type)]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "YABOT's events", "version": version("yabot"), "description": ABOUT},
        "defaultContentType": "application/json",
        "servers": {"redis": _server()},
        "channels": _channels(kinds, partitions, from_outside),
        "operations": _operations(kinds),
        "components": _components(kinds),
    }


def _server() -> Json:
    address = {"default": "localhost:6379", "description": "host and port as in REDIS_URL"}
    return {
        "host": "{address}",
        "protocol": "redis",
        "description": "Redis or Valkey: one server, Sentinel or Cluster.",
        "variables": {"address": address},
    }


def _channels(kinds: Kinds, partitions: int, from_outside: Kinds) -> Json:
    live = {kind.event_type: _channel(kind.event_type, LIVE, [kind]) for kind in kinds}
    stream = _channel("yabot:events:{partition}", STREAM, kinds)
    parameters = {"partition": _partition(partitions)}
    inbound = _channel("yabot:inbound", INBOUND, from_outside)
    return {
        **live,
        "events_stream": {**stream, "parameters": parameters},
        "inbound_stream": inbound,
    }


def _channel(address: str, description: str, kinds: Kinds) -> Json:
    messages = {kind.event_type: _ref("components/messages", kind.event_type) for kind in kinds}
    return {"address": address, "description": description, "messages": messages}


def _partition(partitions: int) -> Json:
    return {
        "description": "Its number in braces, which are part of the stream's name: they keep all "
        "keys of a partition on one node of a Redis Cluster.",
        "enum": [f"{{{number}}}" for number in range(partitions)],
    }


def _operations(kinds: Kinds) -> Json:
    """From YABOT's side, as AsyncAPI wants it: what YABOT sends, a listener receives."""
    live = {f"tell_{kind.event_type}": _operation("send", kind.event_type) for kind in kinds}
    append = _operation("send", "events_stream")
    return {**live, "append_event": append, "take_event": _operation("receive", "inbound_stream")}


def _operation(action: str, channel: str) -> Json:
    return {"action": action, "channel": _ref("channels", channel)}


def _components(kinds: Kinds) -> Json:
    models: list[type[BaseModel]] = [Envelope, *kinds]
    refs, schemas = models_json_schema(
        [(model, "serialization") for model in models],
        ref_template="#/components/schemas/{model}",
        schema_generator=PublishedSchema,
    )
    envelope = refs[Envelope, "serialization"]
    messages = {
        kind.event_type: _message(kind, envelope, refs[kind, "serialization"]) for kind in kinds
    }
    return {"messages": messages, "schemas": schemas["$defs"]}


def _message(kind: type[EventPayload], envelope: Json, payload: Json) -> Json:
    own = {
        "event_type": {"const": kind.event_type},
        "version": {"const": kind.version},
        "payload": payload,
    }
    needed = {"required": ["user_id"]} if kind.needs_user else {}
    return {
        "name": kind.event_type,
        "summary": _meaning(kind),
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/correlation_id"},
        "payload": {"allOf": [envelope, {"type": "object", "properties": own, **needed}]},
    }


def _meaning(kind: type[EventPayload]) -> str:
    return cleandoc(kind.__doc__ or "").replace("``", "`")


def _ref(place: str, name: str) -> Json:
    return {"$ref": f"#/{place}/{name}"}


class PublishedSchema(GenerateJsonSchema):
    """A model as consumers see it: nothing is null, and later versions may bring more fields."""

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        described = super().model_schema(schema)
        if described.get("additionalProperties") is False:
            del described["additionalProperties"]
        return described

    def field_title_should_be_set(self, _schema: Any) -> bool:
        """No field has a title: it would only repeat the name."""
        return False
