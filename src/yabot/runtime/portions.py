"""A long sequence in portions of bounded size."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def portions(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """``items`` in portions of at most ``size``, in order."""
    return [items[first : first + size] for first in range(0, len(items), size)]
