"""How an error is told to logs, tables and people: what, where, and in our own words.

A library's message quotes what it complains of: a row, a document, a batch of readers' messages.
So it never leaves the program. What does is the error's type, the place, and what is known to be
safe (``error_facts``). The message of an error that YABOT declares is ours, and
is kept.
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
# An error that has recursed has a thousand frames; the last ones tell enough.
MOST_FRAMES = 40
MOST_ERRORS = 10

# By package, the errors that tell why no connection has come about.
CONNECTING = {
    "psycopg": ("OperationalError",),
    "pymongo": ("AutoReconnect", "NetworkTimeout", "ServerSelectionTimeoutError"),
    "redis": ("ConnectionError", "TimeoutError"),
}
# yaml quotes by repr, which may hold quotes itself: all from the first to the last one.
_QUOTE = re.compile(r"['\"].*['\"]", re.DOTALL)

_redactor = Redactor()


def error_text(error: BaseException) -> str:
    """One sentence of at most ``LONGEST`` characters that any database takes."""
    if _is_ours(error):
        return own_words(str(error) or type(error).__name__)
    place = _place(error.__traceback__)
    return (kind_of(error) + (f" at {place}" if place else ""))[:LONGEST]


def own_words(text: str) -> str:
    """A sentence of ours, as it may be kept: without secrets, and not too long."""
    text = _redactor.text(text)
    # Neither a zero character nor half of a pair can be stored.
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:LONGEST]


def kind_of(error: BaseException) -> str:
    """What it is, without where: ``redis.ConnectionError: connection refused``.

    What ``trouble_of`` has a sentence for is told by that.
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
    """A sentence of ours about a store that we do not reach, or that does not do what we ask, with
    the mend; empty where we have none.
    """
    original = _driver_error(error)
    return _of_tls(original) or _of_store(original)


def rule_of(mistake: ErrorDetails) -> str:
    """What pydantic says of one mistake, without the value and what it has found in it."""
    if mistake["type"] == "value_error":
        return "Value error"
    return unquoted(mistake["msg"].partition(":")[0])


def unquoted(words: str) -> str:
    """A parser's sentence without what it quotes of the text that it has read."""
    return _QUOTE.sub("…", words)


def traceback_text(error: BaseException) -> str:
    """The error and those that led to it, the first one first: types and frames alone."""
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
    """Whether whoever raised it has written the message for people."""
    return isinstance(error, YabotError) or type(error).__module__.startswith("yabot.")


def _driver_error(error: BaseException) -> BaseException:
    """SQLAlchemy wraps what the database's driver has raised."""
    original = getattr(error, "orig", None)
    return original if isinstance(original, BaseException) else error


def _place(trace: TracebackType | None) -> str:
    """The last frame of ours; of the library where there is none."""
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
    """What a server that we have reached complains of may quote anything."""
    if isinstance(error, ssl.SSLError):
        return True
    connecting = type(error).__name__ in CONNECTING.get(package_of(error), ())
    return connecting and getattr(error, "sqlstate", None) is None
