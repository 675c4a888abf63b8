"""The page: whole, readable without anything from elsewhere, and nobody's way into a browser."""

import base64
import copy
import hashlib
import re
from typing import Any

import pytest

from tests.api.echo import Echo, echo_served, echoing
from yabot.api.openapi.document import build_document
from yabot.api.openapi.page import render_page
from yabot.app.api import openapi_document
from yabot.app.features import FEATURES

# The whole document is built.
pytestmark = pytest.mark.standard

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return openapi_document(FEATURES)


@pytest.fixture(scope="module")
def page(document: Json) -> str:
    return render_page(document)


@pytest.mark.standard
def test_every_operation_schema_and_code_is_on_it(document: Json, page: str) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            assert f'<section id="{operation["operationId"]}">' in page
    for name in document["components"]["schemas"]:
        assert f'id="schema-{name}"' in page
    for code in document["components"]["examples"]:
        assert f'id="code-{code}"' in page


def test_every_link_leads_somewhere_on_it(page: str) -> None:
    places = {*re.findall(r'\bid="?([^"\s>]+)', page)}
    links = {*re.findall(r'href="([^"]+)"', page)}
    assert {link.removeprefix("#") for link in links} - places == {"/openapi.json"}


def test_nothing_is_loaded_or_run(page: str) -> None:
    assert not re.findall(r"<(script|img|link|iframe|object|form)|\bon\w+=|url\(|@import", page)
    assert not re.findall(r'(src|href)="(https?:)?//', page)


def test_every_word_is_escaped() -> None:
    attack = "<script>alert(1)</script>\"'&"
    document = build_document([echoing()])
    harmless = render_page(document)
    spoilt = copy.deepcopy(document)
    _spoil(spoilt, attack)
    page = render_page(spoilt)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 20
    assert page.count("<section") == harmless.count("<section")


SPOILT = ("description", "summary", "title", "pattern", "default", "example", "detail")


def _spoil(part: Any, attack: str) -> None:
    """Whatever is written for people, or could be somebody's words."""
    for name, value in part.items() if isinstance(part, dict) else enumerate(part):
        if isinstance(value, dict | list):
            _spoil(value, attack)
        elif name in SPOILT or (name == "name" and "in" in part):
            part[name] = attack


@pytest.mark.standard
async def test_they_are_served_to_everybody_under_a_strict_policy() -> None:
    async with echo_served() as echo:
        page = await _get(echo, "/docs")
        style = re.findall(r"<style>(.*)</style>", page.content.decode(), re.DOTALL)[0]
        allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = page.headers["content-security-policy"]
        assert policy.startswith(f"default-src 'none'; style-src 'sha256-{allowed}';")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        document = await _get(echo, "/openapi.json")
        assert document.body == build_document([echoing()])
        for answered, path in ((page, "/docs"), (document, "/openapi.json")):
            known = answered.headers["etag"]
            again = await _get(echo, path, f"If-None-Match: {known}")
            assert (again.status, again.content) == (304, b"")
            assert again.headers["etag"] == known


async def _get(echo: Echo, path: str, *headers: str) -> Any:
    lines = [f"GET {path} HTTP/1.1", "Host: h", "Connection: close", *headers, "", ""]
    return await echo.raw("\r\n".join(lines).encode())
