"""The little of Markdown that descriptions use, as HTML: paragraphs, lists, code."""

import re
from html import escape

_CODE = re.compile(r"`([^`]+)`")


def prose(text: str) -> str:
    """Escaped; nothing for nothing."""
    return "".join(map(_block, filter(None, re.split(r"\n\s*\n", text.strip()))))


def _block(text: str) -> str:
    if text.startswith("- "):
        items = re.split(r"\n- ", text.removeprefix("- "))
        return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"
    return f"<p>{_inline(text)}</p>"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(" ".join(text.split())))
