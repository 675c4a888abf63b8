"""What the document says of each operation, as far as a method needs it."""

import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generate.schemas import NotUnderstood, Schema, annotation, name_of

Json = Mapping[str, Any]
# What the headers of requests are for; each is an argument of its own.
IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY = "If-Match", "If-None-Match", "Idempotency-Key"
HEADERS = {IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY}


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter, or a field of the body."""

    sent_as: str
    kind: str
    needed: bool
    about: str = ""

    @property
    def name(self) -> str:
        return f"{self.sent_as}_" if keyword.iskeyword(self.sent_as) else self.sent_as


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    scope: str
    summary: str
    description: str
    path_arguments: Sequence[Argument]
    query: Sequence[Argument]
    # None: it takes no body.
    body: Sequence[Argument] | None
    headers: frozenset[str]
    # None: the answer has no body.
    answer: str | None
    has_etag: bool
    # None: the answer is no page of a list.
    item: str | None
    codes: frozenset[str]

    @property
    def changes(self) -> bool:
        return IDEMPOTENCY_KEY in self.headers


def read_operations(document: Json) -> list[Operation]:
    """In the order of their ids. Raises NotUnderstood."""
    read = _Reader(document).operations()
    return sorted(read, key=lambda each: each.id)


def codes_by_kind(operations: Sequence[Operation]) -> dict[str, frozenset[str]]:
    """What every operation may refuse, and every one of a kind: each method need not say it."""
    kinds = {
        "every operation": operations,
        "every change": [each for each in operations if each.changes],
        "every operation with a body": [each for each in operations if each.body is not None],
        "every operation without one": [each for each in operations if each.body is None],
    }
    found: dict[str, frozenset[str]] = {}
    for kind, of_kind in kinds.items():
        common = frozenset.intersection(*(each.codes for each in of_kind))
        found[kind] = common.difference(*found.values())
    return found


class _Reader:
    def __init__(self, document: Json) -> None:
        self._document = document
        self._schemas: Mapping[str, Schema] = document["components"]["schemas"]

    def operations(self) -> Iterator[Operation]:
        for path, by_method in self._document["paths"].items():
            for method, said in by_method.items():
                yield self._operation(path, method.upper(), said)

    def _operation(self, path: str, method: str, said: Json) -> Operation:
        parameters = said.get("parameters", ())
        headers = frozenset(each["name"] for each in parameters if each["in"] == "header")
        if not headers <= HEADERS:
            raise NotUnderstood(f"{said['operationId']} takes the headers {headers - HEADERS}.")
        answer, has_etag = self._answer(said["responses"])
        return Operation(
            id=said["operationId"],
            method=method,
            path=path,
            scope=said["x-required-scope"],
            summary=said["summary"],
            description=said.get("description", ""),
            path_arguments=_placed(parameters, "path"),
            query=_placed(parameters, "query"),
            body=self._body(said),
            headers=headers,
            answer=answer,
            has_etag=has_etag,
            item=self._item(answer, parameters),
            codes=self._codes(said["responses"]),
        )

    def _body(self, said: Json) -> Sequence[Argument] | None:
        if "requestBody" not in said:
            return None
        schema = said["requestBody"]["content"]["application/json"]["schema"]
        return _fields(self._schemas[name_of(schema["$ref"])])

    def _answer(self, responses: Json) -> tuple[str | None, bool]:
        done = [each for status, each in responses.items() if status.startswith("2")]
        if len(done) != 1:
            raise NotUnderstood("An operation answers with one status when it is done.")
        content = done[0].get("content")
        if content is None:
            return None, False
        schema = content["application/json"]["schema"]
        return annotation(schema), "ETag" in done[0].get("headers", {})

    def _item(self, answer: str | None, parameters: Sequence[Json]) -> str | None:
        """What a page has several of; a page names the next one, which `after` asks for."""
        fields = self._schemas.get(answer or "", {}).get("properties", {})
        asked = {each["name"] for each in parameters}
        if "after" not in asked or not {"items", "next"} <= fields.keys():
            return None
        return annotation(fields["items"]["items"])

    def _codes(self, responses: Json) -> frozenset[str]:
        return frozenset(
            code
            for response in responses.values()
            for content in self._resolved(response).get("content", {}).values()
            # Each refusal has an example, by its code.
            for code in content.get("examples", ())
            if code in self._document["components"]["examples"]
        )

    def _resolved(self, response: Json) -> Json:
        if "$ref" not in response:
            return response
        found: Json = self._document["components"]["responses"][name_of(response["$ref"])]
        return found


def _placed(parameters: Sequence[Json], place: str) -> list[Argument]:
    return [
        Argument(
            sent_as=each["name"],
            kind=annotation(each["schema"], given=True),
            needed=each.get("required", False),
            about=each.get("description", ""),
        )
        for each in parameters
        if each["in"] == place
    ]


def _fields(schema: Schema) -> list[Argument]:
    """Those that are needed first."""
    needed = schema.get("required", ())
    fields = [
        Argument(
            sent_as=name,
            kind=annotation(of_field, given=True),
            needed=name in needed,
            about=of_field.get("description", ""),
        )
        for name, of_field in schema["properties"].items()
    ]
    _refuse_meaningful_nulls(schema)
    return sorted(fields, key=lambda each: not each.needed)


def _refuse_meaningful_nulls(schema: Schema) -> None:
    """An argument that is None is not sent: for what may be left out, null must mean the same."""
    for name, of_field in schema["properties"].items():
        left_out = name not in schema.get("required", ())
        if left_out and of_field.get("nullable") and of_field.get("default") is not None:
            raise NotUnderstood(f"Left out, {name} is {of_field['default']!r}, and not null.")
