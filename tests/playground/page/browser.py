"""Headless Chromium, imported late: only these tests need it, and ``make test`` does without."""

import importlib
from typing import Any

from tests.waiting import PATIENCE

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
    """Playwright's, with the patience of all tests."""
    expecting = playwright().expect
    expecting.set_options(timeout=PATIENCE * 1000)
    return expecting(what)
