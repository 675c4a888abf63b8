"""Renders text as escaped HTML: the little Markdown that descriptions use, methods and paths."""

import re
from html import escape

_CODE = re.compile(r"`([^`]+)`")


def prose(text: str) -> str:
    """``text`` as escaped HTML; empty for an empty text."""
    return "".join(map(_block, filter(None, re.split(r"\n\s*\n", text.strip()))))


def _block(text: str) -> str:
    if text.startswith("- "):
        items = re.split(r"\n- ", text.removeprefix("- "))
        return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"
    return f"<p>{_inline(text)}</p>"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(" ".join(text.split())))


def method_label(method: str) -> str:
    return f'<span class="method {escape(method)}">{escape(method.upper())}</span>'


def path_label(path: str) -> str:
    return escape(path).replace("{", "<i>{").replace("}", "}</i>")
