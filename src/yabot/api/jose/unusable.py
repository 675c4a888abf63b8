"""One refusal for whatever is wrong with a key, a token or a body that somebody has sent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeGuard

from yabot.errors import InvalidInput

_KID = re.compile(r"[A-Za-z0-9._~-]{1,128}")


class Unusable(InvalidInput):
    """It is not what it should be. The message says what it is not, and never quotes it."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Raises Unusable with ``what`` instead of anything that is raised inside.

    joserfc raises errors of its own, and ValueError, KeyError, TypeError, RecursionError…
    """
    try:
        yield
    except Unusable:
        raise
    except Exception:  # noqa: BLE001 - a stranger's text is read: there is no list of what it does
        # Without the cause, which might quote a key or a token.
        raise Unusable(what) from None


def is_kid(kid: object) -> TypeGuard[str]:
    return isinstance(kid, str) and _KID.fullmatch(kid) is not None
