"""The parts of a library's error that are safe to tell: codes, rules, and known phrases."""

import os
import re
import socket
import ssl
from collections.abc import Callable

from pydantic import ValidationError

from yabot.error_phrases import known_phrases

# How many characters of a foreign message are searched for known parts.
SEARCHED = 10_000
_CODE = re.compile(r"[A-Za-z0-9_]{1,64}")
_DOTTED = re.compile(r"[A-Za-z0-9_.]{1,200}")

# The names in these are those of our tables: values are bound, never part of a statement.
_SCHEMA = re.compile(
    r"(?:no such (?:table|column)|constraint failed): (?P<name>[a-z_][a-z0-9_.]*)"
    r"|(?:table|index|relation) \"?(?P<twice>[a-z_][a-z0-9_]*)\"? already exists"
)
# Only if a constant is all that Telegram says after the status: other words might be a reader's.
_CONSTANT = re.compile(r"(?:Bad Request|Forbidden): ([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)")
# Redis begins its refusals with a code.
_REFUSAL = re.compile(r"[A-Z]{3,20}(?= )")


def facts_of(error: BaseException) -> str:
    """All safe parts of the error, joined by commas; empty if there are none."""
    found = (fact(error) for fact in _FACTS)
    return ", ".join(dict.fromkeys(filter(None, found)))


def package_of(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def type_of(error: BaseException) -> str:
    kind, package = type(error), package_of(error)
    return kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"


def _of_validation(error: BaseException) -> str:
    """Which rules were broken; not where, because a place may be a stranger's word, too."""
    if not isinstance(error, ValidationError):
        return ""
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    rules = ", ".join(sorted({each["type"] for each in mistakes}))
    return f"{error.title}: {rules}"[:200]


def _of_code(error: BaseException) -> str:
    """The module of an ImportError or the name of a NameError: both are from the program's text."""
    name = error.name if isinstance(error, ImportError | NameError) else None
    return name if isinstance(name, str) and _DOTTED.fullmatch(name) else ""


def _of_system(error: BaseException) -> str:
    """The system's text for the error number; the message may name an address, a file, a user."""
    if isinstance(error, ssl.SSLError):
        return _as_code(getattr(error, "reason", None))
    if isinstance(error, socket.gaierror):
        return "name or service not known"
    if isinstance(error, OSError) and isinstance(error.errno, int) and error.errno > 0:
        return os.strerror(error.errno).lower()
    return ""


def _of_server(error: BaseException) -> str:
    """The codes of PostgreSQL, SQLite, MongoDB and Redis."""
    details, said = getattr(error, "details", None), words_of(error)
    schema = _SCHEMA.search(said) if _is_of_sql(error) else None
    refusal = _REFUSAL.match(said) if type_of(error).startswith("redis.") else None
    codes = [
        getattr(error, "sqlstate", None),
        getattr(getattr(error, "diag", None), "constraint_name", None),
        getattr(error, "sqlite_errorname", None),
        getattr(error, "status_code", None),
        # SQLAlchemy's code is only the number of a page of its documentation.
        None if package_of(error) == "sqlalchemy" else getattr(error, "code", None),
        details.get("codeName") if isinstance(details, dict) else None,
        refusal and refusal[0],
    ]
    found = [*map(_as_code, codes), schema[0].replace('"', "") if schema else ""]
    return ", ".join(filter(None, found))


def _is_of_sql(error: BaseException) -> bool:
    return hasattr(error, "sqlstate") or hasattr(error, "sqlite_errorname")


def words_of(error: BaseException) -> str:
    """The library's message, to search in; none of a ValidationError, as it quotes the value."""
    if isinstance(error, ValidationError):
        return ""
    try:
        return str(error)[:SEARCHED]
    except Exception:  # noqa: BLE001 - telling of an error must survive any error
        return ""


def _of_method(error: BaseException) -> str:
    """The method of the Bot API that has failed."""
    return _as_code(getattr(getattr(error, "method", None), "__api_method__", None))


def _of_telegram(error: BaseException) -> str:
    """The Bot API's constants, such as BUTTON_DATA_INVALID."""
    said = getattr(error, "message", None) if package_of(error) == "aiogram" else None
    constant = _CONSTANT.fullmatch(said) if isinstance(said, str) else None
    return _as_code(constant[1]) if constant else ""


def _of_phrases(error: BaseException) -> str:
    return known_phrases(words_of(error))


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
