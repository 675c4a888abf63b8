"""How an error is told to logs, tables and people: what, where, and in our own words.

A library's message quotes what it complains of: a row, a document, a batch of readers' messages.
So it never leaves the program. What does is the error's type, the place, and what is known to be
safe: codes, and sentences of ``PHRASES``. The message of an error that YABOT declares is ours, and
is kept.
"""

import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from traceback import walk_tb
from types import TracebackType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

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
# So much of a foreign message is searched for what is known.
SEARCHED = 10_000

# By package, the errors that tell why no connection has come about.
CONNECTING = {
    "psycopg": ("OperationalError",),
    "pymongo": ("AutoReconnect", "NetworkTimeout", "ServerSelectionTimeoutError"),
    "redis": ("ConnectionError", "TimeoutError"),
}
# What libraries and servers say that helps whoever has to mend it. Where a message contains one of
# them, these words are told, and nothing else of it.
PHRASES = (
    # connections
    "connection refused",
    "connection reset",
    "connection closed",
    "connection is already closed",
    "timed out",
    "name or service not known",
    "no route to host",
    "certificate verify failed",
    "wrong version number",
    # servers
    "password authentication failed",
    "authentication failed",
    "invalid username-password pair",
    "authentication required",
    "no password is set",
    "too many clients",
    "max number of clients reached",
    "the database system is starting up",
    "the database system is shutting down",
    "not the primary",
    "no primary available",
    "no replica set members",
    "document failed validation",
    "duplicate key",
    "waiting for replication timed out",
    "the cluster is down",
    "no connection available",
    "read only replica",
    "out of memory",
    # SQLite
    "disk is full",
    "disk i/o error",
    "database is locked",
    "readonly database",
    "disk image is malformed",
    "file is not a database",
    "unable to open database file",
    # Telegram
    "terminated by other getupdates request",
    "can't use getupdates method while webhook is active",
    "chat not found",
    "bot was blocked by the user",
    "user is deactivated",
    "message is not modified",
    "message to edit not found",
    "message can't be edited",
    "message text is empty",
    "message thread not found",
    "group chat was upgraded",
    "have no rights to send",
    "user not found",
    "can't parse inline keyboard button",
    "message is too long",
    "text must be non-empty",
    "can't parse entities",
    "query is too old",
    "not enough rights",
    "bad webhook",
    "can be set up only on ports",
    "failed to resolve host",
    "https url must be provided",
    "bad gateway",
    "internal server error",
    "unauthorized",
    "too many requests",
)
_CODE = re.compile(r"[A-Za-z0-9_]{1,64}")
_DOTTED = re.compile(r"[A-Za-z0-9_.]{1,200}")
# yaml quotes by repr, which may hold quotes itself: all from the first to the last one.
_QUOTE = re.compile(r"['\"].*['\"]", re.DOTALL)

# The names in these are of our tables: what a statement is about is bound, never a part of it.
_SCHEMA = re.compile(
    r"(?:no such (?:table|column)|constraint failed): (?P<name>[a-z_][a-z0-9_.]*)"
    r"|(?:table|index|relation) \"?(?P<twice>[a-z_][a-z0-9_]*)\"? already exists"
)
# All that Telegram says, behind the name of the status. A reader's words would stand beside others.
_CONSTANT = re.compile(r"(?:Bad Request|Forbidden): ([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)")
# Redis begins its refusals with a code.
_REFUSAL = re.compile(r"[A-Z]{3,20}(?= )")

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
    facts = next(filter(None, map(_facts, _chain(original))), "")
    if isinstance(original, OSError) and type(original).__module__ == "builtins" and facts:
        return facts
    return _type(original) + (f": {facts}" if facts else "")


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
    last = f"{_type(error)}: {told}" if told else kind_of(error)
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


def _package(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _type(error: BaseException) -> str:
    kind, package = type(error), _package(error)
    return kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"


def _place(trace: TracebackType | None) -> str:
    """The last frame of ours; of the library where there is none."""
    frames = [(str(frame.f_globals.get("__name__")), line) for frame, line in walk_tb(trace)]
    ours = [each for each in frames if each[0].partition(".")[0] == "yabot"]
    return next((f"{name}:{line}" for name, line in reversed(ours or frames)), "")


def _facts(error: BaseException) -> str:
    if _is_ours(error):
        return ""
    found = (fact(error) for fact in _FACTS)
    return ", ".join(dict.fromkeys(filter(None, found)))


def _of_tls(error: BaseException) -> str:
    package = _package(error)
    said = (_words(each) for each in _chain(error) if _is_of_connecting(each))
    return next(filter(None, (tls_trouble(words, package) for words in said)), "")


def _of_store(error: BaseException) -> str:
    package, sqlstate = _package(error), getattr(error, "sqlstate", None)
    if package == "psycopg":
        said = postgres_trouble(sqlstate, _words(error) if _is_of_connecting(error) else "")
        return said or function_trouble(getattr(getattr(error, "diag", None), "context", None))
    if package == "redis":
        said = _words(error)
        return redis_trouble(getattr(error, "status_code", None) or said.partition(" ")[0], said)
    if package == "pymongo":
        return mongodb_trouble(getattr(error, "code", None))
    return ""


def _is_of_connecting(error: BaseException) -> bool:
    """What a server that we have reached complains of may quote anything."""
    if isinstance(error, ssl.SSLError):
        return True
    connecting = type(error).__name__ in CONNECTING.get(_package(error), ())
    return connecting and getattr(error, "sqlstate", None) is None


def _of_validation(error: BaseException) -> str:
    """Which rules were broken; not where, for a place may be a stranger's word too."""
    if not isinstance(error, ValidationError):
        return ""
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    rules = ", ".join(sorted({each["type"] for each in mistakes}))
    return f"{error.title}: {rules}"[:200]


def _of_code(error: BaseException) -> str:
    """The module that is not there, or has not what was asked for; the name that nobody gave. Both
    stand in the program's text."""
    name = error.name if isinstance(error, ImportError | NameError) else None
    return name if isinstance(name, str) and _DOTTED.fullmatch(name) else ""


def _of_system(error: BaseException) -> str:
    """By the number alone: what stands beside it may name an address, a file, a user."""
    if isinstance(error, ssl.SSLError):
        return _as_code(getattr(error, "reason", None))
    if isinstance(error, socket.gaierror):
        return "name or service not known"
    if isinstance(error, OSError) and isinstance(error.errno, int) and error.errno > 0:
        return os.strerror(error.errno).lower()
    return ""


def _of_server(error: BaseException) -> str:
    """The codes of PostgreSQL, SQLite, MongoDB and Redis."""
    details, said = getattr(error, "details", None), _words(error)
    schema = _SCHEMA.search(said) if _is_of_sql(error) else None
    refusal = _REFUSAL.match(said) if _type(error).startswith("redis.") else None
    codes = [
        getattr(error, "sqlstate", None),
        getattr(getattr(error, "diag", None), "constraint_name", None),
        getattr(error, "sqlite_errorname", None),
        getattr(error, "status_code", None),
        # SQLAlchemy's is the number of a page about itself.
        None if _package(error) == "sqlalchemy" else getattr(error, "code", None),
        details.get("codeName") if isinstance(details, dict) else None,
        refusal and refusal[0],
    ]
    found = [*map(_as_code, codes), schema[0].replace('"', "") if schema else ""]
    return ", ".join(filter(None, found))


def _is_of_sql(error: BaseException) -> bool:
    return hasattr(error, "sqlstate") or hasattr(error, "sqlite_errorname")


def _words(error: BaseException) -> str:
    """The library's own, to search in; of a validation none, for they are the value's."""
    if isinstance(error, ValidationError):
        return ""
    try:
        return str(error)[:SEARCHED]
    except Exception:  # noqa: BLE001 - telling of an error must survive any error
        return ""


def _of_method(error: BaseException) -> str:
    """The Bot API's, which could not be called."""
    return _as_code(getattr(getattr(error, "method", None), "__api_method__", None))


def _of_telegram(error: BaseException) -> str:
    """The Bot API's constants, such as BUTTON_DATA_INVALID."""
    said = getattr(error, "message", None) if _package(error) == "aiogram" else None
    constant = _CONSTANT.fullmatch(said) if isinstance(said, str) else None
    return _as_code(constant[1]) if constant else ""


def _of_phrases(error: BaseException) -> str:
    return known_phrases(_words(error))


def known_phrases(words: str) -> str:
    """What of a library's or a server's words may be told."""
    said = words.lower()
    return ", ".join(phrase for phrase in PHRASES if phrase in said)


_FACTS: tuple[Callable[[BaseException], str], ...] = (
    _of_validation,
    _of_code,
    _of_system,
    _of_server,
    _of_method,
    _of_telegram,
    _of_phrases,
)


def _as_code(value: object) -> str:
    told = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return told if _CODE.fullmatch(told) else ""
