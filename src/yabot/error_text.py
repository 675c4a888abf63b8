"""Describes errors for logs, tables and people: what, where, and in our own words.

A library's message quotes what it complains about: a row, a document, a batch of readers' messages.
So it never leaves the program; the error's type, the place, and the parts known to be safe
(``error_facts``) do. The message of an error that YABOT declares is our own, and is kept.
"""

import re
import ssl
from collections.abc import Iterator
from traceback import walk_tb
from types import TracebackType

from pydantic_core import ErrorDetails

from yabot.error_facts import facts_of, package_of, type_of, words_of
from yabot.errors import YabotError
from yabot.redaction import Redactor
from yabot.store_trouble import (
    function_trouble,
    mongodb_trouble,
    postgres_trouble,
    redis_trouble,
)
from yabot.tls_trouble import tls_trouble

LONGEST = 500
# An infinite recursion has a thousand frames; the last ones are enough.
MOST_FRAMES = 40
MOST_ERRORS = 10

# By package, the errors that say why connecting failed.
CONNECTING = {
    "psycopg": ("OperationalError",),
    "pymongo": ("AutoReconnect", "NetworkTimeout", "ServerSelectionTimeoutError"),
    "redis": ("ConnectionError", "TimeoutError"),
}
# From the first quote to the last: yaml quotes with repr, whose text may hold quotes itself.
_QUOTE = re.compile(r"['\"].*['\"]", re.DOTALL)

_redactor = Redactor()


def error_text(error: BaseException) -> str:
    """One sentence of at most ``LONGEST`` characters that any database takes."""
    if _is_ours(error):
        return own_words(str(error) or type(error).__name__)
    place = _place(error.__traceback__)
    return (kind_of(error) + (f" at {place}" if place else ""))[:LONGEST]


def own_words(text: str) -> str:
    """Our own ``text``, fit to be stored: without secrets, and at most ``LONGEST`` characters."""
    text = _redactor.text(text)
    # Null characters and surrogates cannot be stored.
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:LONGEST]


def kind_of(error: BaseException) -> str:
    """What the error is, without the place: ``redis.ConnectionError: connection refused``.

    If ``trouble_of`` has a sentence for it, that sentence.
    """
    original = _driver_error(error)
    if trouble := trouble_of(original):
        return trouble
    foreign = (each for each in _chain(original) if not _is_ours(each))
    facts = next(filter(None, map(facts_of, foreign)), "")
    if isinstance(original, OSError) and type(original).__module__ == "builtins" and facts:
        return facts
    return type_of(original) + (f": {facts}" if facts else "")


def trouble_of(error: BaseException) -> str:
    """Our own sentence, with the mend, about a store that cannot be reached or does not do what we
    ask; empty if we have none.
    """
    original = _driver_error(error)
    return _of_tls(original) or _of_store(original)


def rule_of(mistake: ErrorDetails) -> str:
    """Pydantic's rule for one mistake, without the value or what was found in it."""
    if mistake["type"] == "value_error":
        return "Value error"
    return unquoted(mistake["msg"].partition(":")[0])


def unquoted(words: str) -> str:
    """A parser's sentence without its quotations from the text."""
    return _QUOTE.sub("…", words)


def traceback_text(error: BaseException) -> str:
    """The error and those that led to it, the first cause first: types, frames, and only those
    words that are safe to tell.
    """
    parts = [_with_frames(each) for each in reversed([*_chain(error)])]
    return "\n\nwhich led to:\n\n".join(parts)


def _with_frames(error: BaseException) -> str:
    frames = [
        f'  File "{frame.f_code.co_filename}", line {line}, in {frame.f_code.co_name}'
        for frame, line in walk_tb(error.__traceback__)
    ]
    told = own_words(str(error)) if _is_ours(error) else ""
    last = f"{type_of(error)}: {told}" if told else kind_of(error)
    lines = [*(frames and ["Traceback (most recent call last):"]), *frames[-MOST_FRAMES:], last]
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions[:MOST_ERRORS]:
            lines += ["", *(f"  | {line}" for line in traceback_text(each).splitlines())]
    return "\n".join(lines)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and so on."""
    known: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in known and len(known) < MOST_ERRORS:
        yield following
        known.add(id(following))
        hidden = following.__suppress_context__
        following = following.__cause__ or (None if hidden else following.__context__)


def _is_ours(error: BaseException) -> bool:
    """Whether the message is our own, written for people."""
    return isinstance(error, YabotError) or type(error).__module__.startswith("yabot.")


def _driver_error(error: BaseException) -> BaseException:
    """The driver's error, if SQLAlchemy has wrapped one; else the error itself."""
    original = getattr(error, "orig", None)
    return original if isinstance(original, BaseException) else error


def _place(trace: TracebackType | None) -> str:
    """The last frame in our code; if there is none, the library's last one."""
    frames = [(str(frame.f_globals.get("__name__")), line) for frame, line in walk_tb(trace)]
    ours = [each for each in frames if each[0].partition(".")[0] == "yabot"]
    return next((f"{name}:{line}" for name, line in reversed(ours or frames)), "")


def _of_tls(error: BaseException) -> str:
    package = package_of(error)
    said = (words_of(each) for each in _chain(error) if _is_of_connecting(each))
    return next(filter(None, (tls_trouble(words, package) for words in said)), "")


def _of_store(error: BaseException) -> str:
    package, sqlstate = package_of(error), getattr(error, "sqlstate", None)
    if package == "psycopg":
        said = postgres_trouble(sqlstate, words_of(error) if _is_of_connecting(error) else "")
        return said or function_trouble(getattr(getattr(error, "diag", None), "context", None))
    if package == "redis":
        said = words_of(error)
        return redis_trouble(getattr(error, "status_code", None) or said.partition(" ")[0], said)
    if package == "pymongo":
        return mongodb_trouble(getattr(error, "code", None))
    return ""


def _is_of_connecting(error: BaseException) -> bool:
    """Whether connecting failed. Once connected, a server's message may quote anything."""
    if isinstance(error, ssl.SSLError):
        return True
    connecting = type(error).__name__ in CONNECTING.get(package_of(error), ())
    return connecting and getattr(error, "sqlstate", None) is None
