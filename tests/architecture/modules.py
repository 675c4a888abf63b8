"""The program's modules, each read and parsed once for all who look at its source."""

import ast
from functools import cache
from pathlib import Path

import yabot

SOURCE = Path(yabot.__file__).parent


def modules(saying: str = "") -> list[Path]:
    """Those whose text has these words in it."""
    return [path for path in sorted(SOURCE.rglob("*.py")) if saying in text_of(path)]


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def forget() -> None:
    """Half a million objects, which each look for garbage would go through."""
    text_of.cache_clear()
    tree_of.cache_clear()
