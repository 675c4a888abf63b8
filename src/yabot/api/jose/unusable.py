"""One error for anything wrong with a key, a token or a body that was sent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeGuard

from yabot.errors import InvalidInput

_KID = re.compile(r"[A-Za-z0-9._~-]{1,128}")


class Unusable(InvalidInput):
    """Something that was sent is wrong. The message says what is wrong, and never quotes it."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Raises Unusable with ``what`` instead of any other error that is raised inside.

    joserfc raises errors of its own, and ValueError, KeyError, TypeError, RecursionError…
    """
    try:
        yield
    except Unusable:
        raise
    except Exception:  # noqa: BLE001 - a stranger's text is read: no list of its errors exists
        # Without its cause, which might quote a key or a token.
        raise Unusable(what) from None


def is_kid(kid: object) -> TypeGuard[str]:
    return isinstance(kid, str) and _KID.fullmatch(kid) is not None
