"""Turns FastAPI's description of an operation into the document's."""

import re
from collections.abc import Sequence
from typing import Any

from yabot.api.answering import problems
from yabot.api.answering.answers import REPLAYED
from yabot.api.answering.problems import Problem
from yabot.api.openapi.converter import converted
from yabot.api.openapi.headers import OF_CALLERS, header_refs
from yabot.api.openapi.refusals import refusals, responses
from yabot.api.operations.retirement import INSTEAD, SINCE, SUNSET
from yabot.api.operations.route import SCOPE

Json = dict[str, Any]

KEY = "Idempotency-Key"
_EXTRAS = (SCOPE, "deprecated", SINCE, SUNSET, INSTEAD)


class Operation:
    """``own`` are the problems that the operation's own feature has named."""

    def __init__(self, raw: Json, own: Sequence[Problem]) -> None:
        self._raw = raw
        self._takes = {parameter["name"] for parameter in raw.get("parameters", [])}
        self.tag: str = raw["tags"][0]
        self._changes = KEY in self._takes
        self.refused = refusals(own, has_body="requestBody" in raw, changes=self._changes)
        self._has_version = problems.PRECONDITION_FAILED in own

    def described(self) -> Json:
        summary, more = _first_sentence(self._raw["description"])
        described = {
            "operationId": self._raw["operationId"],
            "tags": [self.tag],
            "summary": summary,
            "description": self._description(more),
            **{name: self._raw[name] for name in _EXTRAS if name in self._raw},
            "parameters": self._parameters(),
            "responses": self._responses(),
        }
        if "requestBody" in self._raw:
            described["requestBody"] = _body(self._raw["requestBody"])
        return described

    def _description(self, more: str) -> str:
        paragraphs = [more.strip().replace("``", "`"), f"Needs the scope `{self._raw[SCOPE]}`."]
        if SUNSET in self._raw:
            paragraphs.append(
                f"Deprecated since {self._raw[SINCE]}, gone on {self._raw[SUNSET]}: "
                f"use `{self._raw[INSTEAD]}`."
            )
        return "\n\n".join(filter(None, paragraphs))

    def _parameters(self) -> list[Json]:
        return [
            _parameter(parameter)
            for parameter in self._raw.get("parameters", [])
            if parameter["name"] != "If-Match" or self._has_version
        ]

    def _responses(self) -> Json:
        found = {
            status: self._succeeded(response)
            for status, response in self._raw["responses"].items()
            if status.startswith("2")
        }
        if "If-None-Match" in self._takes:
            found["304"] = {
                "description": "The client has this representation.",
                "headers": header_refs([*OF_CALLERS, "ETag"]),
            }
        return dict(sorted({**found, **responses(self.refused, self._changes)}.items()))

    def _succeeded(self, response: Json) -> Json:
        names = [*OF_CALLERS]
        if self._has_version or "If-None-Match" in self._takes:
            names.append("ETag")
        if self._changes:
            names.append(REPLAYED)
        if SUNSET in self._raw:
            names += ["Deprecation", "Sunset"]
        said: Json = {"description": "It is done.", "headers": header_refs(names)}
        if "content" in response:
            said["content"] = _content(response["content"])
        return said


def _first_sentence(text: str) -> tuple[str, str]:
    """The first sentence without its full stop, and the rest of the text."""
    first, *rest = re.split(r"\.(?:\s+|$)", text, maxsplit=1)
    return " ".join(first.split()).replace("``", "`"), "".join(rest)


def _body(raw: Json) -> Json:
    return {"required": raw.get("required", False), "content": _content(raw["content"])}


def _content(raw: Json) -> Json:
    return {kind: {"schema": converted(content["schema"])} for kind, content in raw.items()}


def _parameter(raw: Json) -> Json:
    schema = converted(_without_null(raw["schema"]))
    schema.pop("description", None)
    said = {name: raw[name] for name in ("name", "in", "required")}
    if "description" in raw:
        said["description"] = raw["description"].replace("``", "`")
    return {**said, "schema": schema}


def _without_null(schema: Json) -> Json:
    """A parameter that may be left out is never null."""
    if {"type": "null"} not in schema.get("anyOf", []):
        return schema
    beside = {word: value for word, value in schema.items() if word not in ("anyOf", "default")}
    others = [each for each in schema["anyOf"] if each != {"type": "null"}]
    return {**beside, **(others[0] if len(others) == 1 else {"anyOf": others})}
