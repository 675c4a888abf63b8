"""Headless Chromium, imported late: only these tests need it, and ``make test`` does without."""

import importlib
from typing import Any

CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def playwright() -> Any:
    """Imported late: only these tests need it, and ``make test`` does without."""
    return importlib.import_module("playwright.async_api")


def expect(what: Any) -> Any:
    return playwright().expect(what)
