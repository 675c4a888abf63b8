"""The document as a page: HTML and CSS alone, nothing from elsewhere, every word of it escaped."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any

from yabot.api.openapi.prose import prose
from yabot.api.openapi.types import constraints, type_of

Json = dict[str, Any]
CSS = files("yabot.api.openapi").joinpath("page.css").read_text(encoding="utf-8")
_CSS_HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def render_page(document: Json) -> str:
    return "".join(_page(document))


def _page(document: Json) -> Iterator[str]:
    info = document["info"]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(info['title'])} API</title><style>{CSS}</style></head><body>"
    yield f"<nav><p><strong>{escape(info['title'])} API</strong> {escape(info['version'])}</p>"
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><ul>"
        for method, path, operation in _operations(document, tag["name"]):
            name = escape(operation["operationId"])
            struck = " class=gone" if operation.get("deprecated") else ""
            yield f'<li><a href="#{name}"{struck}>{_method(method)} {_path(path)}</a></li>'
        yield "</ul>"
    yield '<h2>More</h2><ul><li><a href="#schemas">Schemas</a></li>'
    yield '<li><a href="#codes">Codes of problems</a></li>'
    yield '<li><a href="/openapi.json">openapi.json</a></li></ul></nav><main>'
    yield f"<h1>{escape(info['title'])} API</h1>{prose(info['description'])}"
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>"
        for method, path, operation in _operations(document, tag["name"]):
            yield from _operation(method, path, operation, document["components"]["responses"])
    yield from _schemas(document["components"]["schemas"])
    yield from _codes(document["components"]["examples"])
    yield "</main></body></html>"


def _operations(document: Json, tag: str) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if tag in operation["tags"]:
                yield method, path, operation


def _operation(method: str, path: str, operation: Json, shared: Json) -> Iterator[str]:
    name = escape(operation["operationId"])
    yield f'<section id="{name}"><h3>{_method(method)} <code>{_path(path)}</code></h3>'
    if operation.get("deprecated"):
        yield "<p class=warning>Deprecated</p>"
    yield f"<p class=summary>{escape(operation['summary'])}.</p>{prose(operation['description'])}"
    yield f"<p class=name>Operation <code>{name}</code></p>"
    if operation["parameters"]:
        yield from _parameters(operation["parameters"])
    if "requestBody" in operation:
        yield "<h4>Body</h4>"
        yield from _content(operation["requestBody"]["content"])
    yield "<h4>Answers</h4><table>"
    for status, named in operation["responses"].items():
        response = shared.get(named.get("$ref", "").rpartition("/")[2], named)
        yield f"<tr><td class=status>{escape(status)}</td><td>{prose(response['description'])}"
        if status.startswith("2"):
            yield from _content(response.get("content", {}))
        yield f"{_headers(response)}</td></tr>"
    yield "</table></section>"


def _parameters(parameters: list[Json]) -> Iterator[str]:
    yield "<h4>Parameters</h4><table>"
    for parameter in parameters:
        needed = " <b>required</b>" if parameter["required"] else ""
        yield f"<tr><td><code>{escape(parameter['name'])}</code><br>"
        yield f"<small>{escape(parameter['in'])}{needed}</small></td>"
        yield f"<td>{_type(parameter['schema'])}{prose(parameter.get('description', ''))}</td></tr>"
    yield "</table>"


def _content(content: Json) -> Iterator[str]:
    for kind, body in content.items():
        yield f"<p>{_type(body['schema'])} <small>{escape(kind)}</small></p>"
        if "example" in body:
            shown = json.dumps(body["example"], ensure_ascii=False, indent=2)
            yield f"<pre>{escape(shown)}</pre>"


def _headers(response: Json) -> str:
    names = ", ".join(f"<code>{escape(name)}</code>" for name in response.get("headers", {}))
    return f"<p><small>Headers: {names}</small></p>" if names else ""


def _schemas(schemas: Json) -> Iterator[str]:
    yield "<h2 id=schemas>Schemas</h2>"
    for name, schema in schemas.items():
        yield f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3>'
        yield prose(schema.get("description", ""))
        if "properties" in schema:
            yield "<table>"
            for field, inner in schema["properties"].items():
                needed = " <b>required</b>" if field in schema.get("required", ()) else ""
                yield f"<tr><td><code>{escape(field)}</code><br><small>{needed}</small></td>"
                yield f"<td>{_type(inner)}{prose(inner.get('description', ''))}</td></tr>"
            yield "</table>"
        else:
            yield f"<p>{_type(schema)}</p>"
        yield "</section>"


def _codes(examples: Json) -> Iterator[str]:
    yield "<h2 id=codes>Codes of problems</h2><table>"
    for code, example in examples.items():
        yield f"<tr><td class=status>{example['value']['status']}</td>"
        yield f"<td><code>{escape(code)}</code> {prose(example['summary'])}</td></tr>"
    yield "</table>"


def _type(schema: Json) -> str:
    limits = constraints(schema)
    told = f" <small>{escape(limits)}</small>" if limits else ""
    return f"<span class=type>{type_of(schema)}</span>{told}"


def _method(method: str) -> str:
    return f'<span class="method {escape(method)}">{escape(method.upper())}</span>'


def _path(path: str) -> str:
    return escape(path).replace("{", "<i>{").replace("}", "}</i>")
