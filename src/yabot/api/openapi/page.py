"""Renders the document as a page: only HTML and CSS, nothing from elsewhere, all text escaped."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any

from yabot.api.openapi.page_operation import operation_section
from yabot.api.openapi.prose import method_label, path_label, prose
from yabot.api.openapi.types import type_with_limits

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
    title = escape(document["info"]["title"])
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title} API</title><style>{CSS}</style></head><body>"
    yield from _navigation(document)
    yield f"<main><h1>{title} API</h1>{prose(document['info']['description'])}"
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>"
        for method, path, operation in _operations(document, tag["name"]):
            yield from operation_section(method, path, operation, document)
    yield from _schemas(document["components"]["schemas"])
    yield from _codes(document["components"]["examples"])
    yield "</main></body></html>"


def _navigation(document: Json) -> Iterator[str]:
    info = document["info"]
    yield f"<nav><p><strong>{escape(info['title'])} API</strong> {escape(info['version'])}</p>"
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><ul>"
        for method, path, operation in _operations(document, tag["name"]):
            gone = " class=gone" if operation.get("deprecated") else ""
            yield f'<li>{method_label(method)}<a href="#{escape(operation["operationId"])}"{gone}>'
            yield f"{path_label(path.removeprefix('/api/v1'))}</a></li>"
        yield "</ul>"
    yield '<h2>More</h2><ul><li><a href="#schemas">Schemas</a></li>'
    yield '<li><a href="#codes">Codes of problems</a></li>'
    yield '<li><a href="/openapi.json">openapi.json</a></li></ul></nav>'


def _operations(document: Json, tag: str) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if tag in operation["tags"]:
                yield method, path, operation


def _schemas(schemas: Json) -> Iterator[str]:
    yield "<h2 id=schemas>Schemas</h2>"
    for name, schema in schemas.items():
        yield f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3>'
        yield prose(schema.get("description", ""))
        if "properties" in schema:
            yield "<table>"
            for field, inner in schema["properties"].items():
                needed = "<b>required</b>" if field in schema.get("required", ()) else "optional"
                yield f"<tr><td><code>{escape(field)}</code><br><small>{needed}</small></td><td>"
                yield f"{type_with_limits(inner)}{prose(inner.get('description', ''))}</td></tr>"
            yield "</table>"
        else:
            yield f"<p>{type_with_limits(schema)}</p>"
        yield "</section>"


def _codes(examples: Json) -> Iterator[str]:
    yield "<h2 id=codes>Codes of problems</h2><table>"
    for code, example in sorted(examples.items(), key=lambda pair: _order(*pair)):
        yield f'<tr id="code-{escape(code)}"><td class=status>{example["value"]["status"]}</td>'
        yield f"<td><code>{escape(code)}</code></td><td>{prose(example['summary'])}</td></tr>"
    yield "</table><h3>One of them</h3>"
    shown = json.dumps(examples["invalid_request"]["value"], ensure_ascii=False, indent=2)
    yield f"<pre>{escape(shown)}</pre>"


def _order(code: str, example: Json) -> tuple[int, str]:
    return example["value"]["status"], code
