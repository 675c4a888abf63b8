"""The X-Correlation-Id of what is asked: by it, both sides' logs and YABOT's events are found."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_current: ContextVar[str | None] = ContextVar("yabot_correlation_id", default=None)


@contextmanager
def correlation(correlation_id: str) -> Iterator[None]:
    """Whatever is asked inside, in this task or thread, belongs to it.

    Raises ValueError for what YABOT would not take: 1 to 128 of A-Z a-z 0-9 _ . : -
    """
    if not _ID.fullmatch(correlation_id):
        raise ValueError("A correlation id is 1 to 128 of the characters A-Z a-z 0-9 _ . : -")
    token = _current.set(correlation_id)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str | None:
    return _current.get()
