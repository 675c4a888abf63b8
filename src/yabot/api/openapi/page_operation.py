"""One operation on the page: what it takes, how to ask it, and what comes back."""

import json
import shlex
from collections.abc import Iterator
from html import escape
from typing import Any

from yabot.api.answering.problems import MEDIA_TYPE
from yabot.api.openapi.examples import example_of
from yabot.api.openapi.prose import method_label, path_label, prose
from yabot.api.openapi.refusals import OF_EVERY
from yabot.api.openapi.types import type_with_limits

Json = dict[str, Any]
_EVERYBODYS = {problem.code for problem in OF_EVERY}


def operation_section(method: str, path: str, operation: Json, document: Json) -> Iterator[str]:
    name = escape(operation["operationId"])
    yield f'<section id="{name}"><h3>{method_label(method)} <code>{path_label(path)}</code></h3>'
    if operation.get("deprecated"):
        yield "<p class=warning>Deprecated</p>"
    yield f"<p class=summary>{escape(operation['summary'])}.</p>{prose(operation['description'])}"
    yield f"<p class=name>Operation <code>{name}</code></p>"
    if operation["parameters"]:
        yield from _parameters(operation["parameters"])
    if "requestBody" in operation:
        yield "<h4>Body</h4>"
        yield from _content(operation["requestBody"]["content"])
    yield f"<h4>Ask</h4><pre>{escape(_curl(method, path, operation))}</pre>"
    yield "<h4>Answers</h4><table>"
    shared = document["components"]["responses"]
    refusals = []
    for status, named in operation["responses"].items():
        response = shared.get(named.get("$ref", "").rpartition("/")[2], named)
        if MEDIA_TYPE in response.get("content", {}):
            refusals += [(status, code) for code in response["content"][MEDIA_TYPE]["examples"]]
        else:
            yield from _answer(status, response)
    yield from _refusals(refusals, document["components"]["examples"])
    yield "</section>"


def _answer(status: str, response: Json) -> Iterator[str]:
    headers = ", ".join(f"<code>{escape(name)}</code>" for name in response.get("headers", {}))
    yield f"<tr><td class=status>{escape(status)}</td><td colspan=2>"
    yield prose(response["description"])
    yield from _content(response.get("content", {}))
    yield f"<p><small>Headers: {headers}</small></p></td></tr>"


def _refusals(refusals: list[tuple[str, str]], examples: Json) -> Iterator[str]:
    for status, code in refusals:
        if code not in _EVERYBODYS:
            yield f"<tr><td class=status>{escape(status)}</td><td>{_code(code)}</td>"
            yield f"<td>{prose(examples[code]['summary'])}</td></tr>"
    yield "</table><details><summary>And like every operation</summary><p>"
    yield ", ".join(
        f"{escape(status)} {_code(code)}" for status, code in refusals if code in _EVERYBODYS
    )
    yield "</p></details>"


def _code(code: str) -> str:
    return f'<a href="#code-{escape(code)}"><code>{escape(code)}</code></a>'


def _parameters(parameters: list[Json]) -> Iterator[str]:
    yield "<h4>Parameters</h4><table>"
    for parameter in parameters:
        needed = "<b>required</b>" if parameter["required"] else "optional"
        yield f"<tr><td><code>{escape(parameter['name'])}</code><br>"
        yield f"<small>{escape(parameter['in'])}, {needed}</small></td><td>"
        yield f"{type_with_limits(parameter['schema'])}"
        yield f"{prose(parameter.get('description', ''))}</td></tr>"
    yield "</table>"


def _content(content: Json) -> Iterator[str]:
    for kind, body in content.items():
        yield f"<p>{type_with_limits(body['schema'])} <small>{escape(kind)}</small></p>"
        if "example" in body:
            shown = json.dumps(body["example"], ensure_ascii=False, indent=2)
            yield f"<pre>{escape(shown)}</pre>"


def _curl(method: str, path: str, operation: Json) -> str:
    """A curl command with the required parameters and nothing else."""
    needed = [each for each in operation["parameters"] if each["required"]]
    for parameter in needed:
        if parameter["in"] == "path":
            value = str(example_of(parameter["schema"], {}))
            path = path.replace(f"{{{parameter['name']}}}", value)
    lines = [f'curl -X {method.upper()} "$YABOT{path}"', '-H "Authorization: Bearer $TOKEN"']
    lines += [f'-H "{each["name"]}: $(uuidgen)"' for each in needed if each["in"] == "header"]
    if "requestBody" in operation:
        (content,) = operation["requestBody"]["content"].values()
        lines.append(f"--json {shlex.quote(json.dumps(content['example'], ensure_ascii=False))}")
    return " \\\n  ".join(lines)
