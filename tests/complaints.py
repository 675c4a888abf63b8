"""Failures that are sentences: each says what is wrong, where, and how to mend it."""

from collections.abc import Iterable

import pytest


def complain(of: Iterable[str]) -> None:
    """Fail with these sentences, and nothing else to read, if there are any."""
    if sentences := list(of):
        pytest.fail("\n".join(sentences), pytrace=False)
