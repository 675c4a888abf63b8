"""What is told of errors: enough to mend what is wrong, and nothing of what they quote."""

import logging
import socket
import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import yaml
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError, TelegramForbiddenError
from aiogram.methods import GetUpdates, SendMessage
from aiogram.types import Update
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pymongo.errors import BulkWriteError, DuplicateKeyError, ServerSelectionTimeoutError
from redis.exceptions import AuthenticationError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from yabot.error_phrases import PHRASES
from yabot.error_text import error_text, kind_of, rule_of, traceback_text, unquoted
from yabot.errors import GuardFailed, StoreUnavailable, YabotError
from yabot.observability.logging import get_logger

TOKEN = "987654321:ZZyyXXwwVVuuTTssRRqqPPooNNmmLLkkJJi"
QUOTED = ("Lucía Montés", "meet me at the gate", TOKEN)
ALL = " / ".join(QUOTED)


class Asked(BaseModel):
    age: int


def validation() -> None:
    Asked.model_validate({"age": ALL, ALL: 1})


def undecodable_update() -> None:
    Update.model_validate({"update_id": 1, "message": {"text": ALL}})


def statement() -> None:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("CREATE TABLE names (name TEXT PRIMARY KEY)"))
        for _ in range(2):
            connection.execute(text("INSERT INTO names VALUES (:name)"), {"name": ALL})


def parsing() -> None:
    yaml.safe_load(f"a: *'{ALL}'")


def deep() -> None:
    try:
        validation()
    except ValidationError as error:
        error.add_note(ALL)
        raise RuntimeError(ALL) from error


def group() -> None:
    raise ExceptionGroup(ALL, [ValueError(ALL), KeyError(ALL)])


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


BROKEN: dict[str, Callable[[], None]] = {
    "pydantic": validation,
    "aiogram, decoding": undecodable_update,
    "aiogram, refused": raising(
        TelegramBadRequest(SendMessage(chat_id=1, text=ALL), f'can\'t parse entities: "{ALL}"')
    ),
    "SQLAlchemy": statement,
    "psycopg": raising(psycopg.DataError(f'invalid input syntax for type integer: "{ALL}"')),
    "MongoDB, a document": raising(
        DuplicateKeyError(ALL, 11000, {"codeName": "DuplicateKey", "keyValue": {"name": ALL}})
    ),
    "MongoDB, many": raising(BulkWriteError({"writeErrors": [{"op": {"name": ALL}}]})),
    "Redis": raising(ResponseError(f"WRONGTYPE {ALL}")),
    "yaml": parsing,
    "our own cause": deep,
    "several at once": group,
    "the system": raising(OSError(13, ALL, ALL)),
}


def caught(break_it: Callable[[], None]) -> Exception:
    try:
        break_it()
    except Exception as error:  # noqa: BLE001 - whichever it is
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize("name", BROKEN)
def test_nothing_that_an_error_quotes_is_told(name: str) -> None:
    error = caught(BROKEN[name])
    for told in (error_text(error), kind_of(error), traceback_text(error)):
        assert told
        for quoted in QUOTED:
            assert quoted not in told


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize(
    "said", ['can\'t find "ANA_MONTES"', "ANA_MONTES", "ANA_MONTES: no", "ANA"]
)
def test_what_only_looks_like_one_of_telegrams_constants_is_not_told(said: str) -> None:
    for error in (
        TelegramBadRequest(SendMessage(chat_id=1, text=said), f"Bad Request: {said} of them"),
        TelegramBadRequest(SendMessage(chat_id=1, text=said), said),
        ValueError(f"Bad Request: {said}"),
    ):
        assert "ANA" not in error_text(error)


@pytest.mark.criterion("sec.4")
@given(st.text(min_size=8), st.sampled_from([ValueError, KeyError, RedisConnectionError]))
def test_whatever_it_says(said: str, kind: type[Exception]) -> None:
    # What is well known may be told, in our words.
    assume(not any(phrase in said.lower() for phrase in PHRASES))
    error = kind(said)
    assert said not in error_text(error).replace(kind.__qualname__, "")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (GuardFailed("the story has moved on"), "the story has moved on"),
        (StoreUnavailable("Redis", "it is away"), "Redis is not available: it is away"),
        (ConnectionRefusedError(111, "Connect call failed"), "connection refused"),
        (socket.gaierror(-2, "who?"), "socket.gaierror: name or service not known"),
        (
            RedisConnectionError("Error 111 connecting to h:1. Connection refused."),
            "redis.ConnectionError: connection refused",
        ),
        (
            AuthenticationError("invalid username-password pair", status_code="WRONGPASS"),
            "redis.AuthenticationError: WRONGPASS, invalid username-password pair",
        ),
        (
            ServerSelectionTimeoutError("h:1: [Errno 111] Connection refused, Timeout: 5s"),
            "pymongo.ServerSelectionTimeoutError: connection refused",
        ),
        (
            TelegramConflictError(GetUpdates(), "terminated by other getUpdates request; …"),
            "aiogram.TelegramConflictError: getUpdates, terminated by other getupdates request",
        ),
        (
            TelegramBadRequest(
                SendMessage(chat_id=1, text="a"), "Bad Request: BUTTON_DATA_INVALID"
            ),
            "aiogram.TelegramBadRequest: sendMessage, BUTTON_DATA_INVALID",
        ),
        (
            TelegramForbiddenError(SendMessage(chat_id=1, text="a"), "Forbidden: USER_IS_BLOCKED"),
            "aiogram.TelegramForbiddenError: sendMessage, USER_IS_BLOCKED",
        ),
        (sqlite3.OperationalError("disk is full"), "sqlite3.OperationalError: disk is full"),
        (ImportError("no Event in it", name="yabot.events"), "ImportError: yabot.events"),
        (NameError("name 'now' is not defined", name="now"), "NameError: now"),
        (ValueError(), "ValueError"),
    ],
)
def test_what_helps_to_mend_it_is_told(error: Exception, told: str) -> None:
    assert error_text(error) == told


def test_sqls_own_names_are_told() -> None:
    told = error_text(caught(statement))
    assert told.startswith(
        "sqlite3.IntegrityError: SQLITE_CONSTRAINT_PRIMARYKEY, constraint failed: names.name at "
    )


def test_what_ended_a_connection_is_told_of_what_found_it_ended() -> None:
    ended = psycopg.errors.AdminShutdown("terminating connection")
    found = psycopg.OperationalError("the connection is lost")
    found.__context__ = wrapped(ended)
    assert kind_of(wrapped(found)) == "psycopg.OperationalError: 57P01"


def wrapped(error: psycopg.Error) -> DBAPIError:
    """As SQLAlchemy raises it, with the number of a page about itself."""
    told = DBAPIError.instance("SELECT 1", None, error, psycopg.Error)
    assert isinstance(told, DBAPIError)
    told.__cause__ = error
    return told


def test_the_place_is_the_last_one_of_ours() -> None:
    error = caught(lambda: unquoted(3))  # type: ignore[arg-type]
    assert " at yabot.error_text:" in error_text(error)


def test_a_traceback_has_frames_and_types_the_first_error_first() -> None:
    told = traceback_text(caught(deep))
    first, second = told.split("which led to:")
    assert "in validation" in first
    assert first.rstrip().endswith("pydantic_core.ValidationError: Asked: int_parsing")
    assert "in deep" in second
    assert second.rstrip().endswith("RuntimeError: Asked: int_parsing")


def test_a_traceback_says_our_own_sentence() -> None:
    assert traceback_text(YabotError("the shelf is gone")).endswith(": the shelf is gone")


def test_errors_that_caused_each_other_come_to_an_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert traceback_text(first).count("which led to") == 1


def test_an_error_that_cannot_be_shown_does_no_harm() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert error_text(Broken()).endswith("Broken")
    assert traceback_text(Broken()).endswith("Broken")


@given(st.text())
def test_a_parsers_quotes_go_whatever_they_hold(quoted: str) -> None:
    assert unquoted(f"found {quoted!r} here") == "found … here"


def test_a_rule_is_told_without_what_broke_it() -> None:
    error = caught(validation)
    assert isinstance(error, ValidationError)
    [mistake] = error.errors()
    assert rule_of(mistake).startswith("Input should be a valid integer")


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize("name", BROKEN)
def test_neither_do_libraries_lines_tell_it(name: str, told_lines: Callable[..., str]) -> None:
    error = caught(BROKEN[name])

    def log() -> None:
        get_logger("yabot").warning("failed", exc_info=error)
        get_logger("yabot").warning("failed", reason=error, deep=[{"of": (error,)}])
        library = logging.getLogger("library")
        library.error("it failed: %s, %r", error, error, exc_info=error)
        library.error("it failed: %(why)s", {"why": error})
        library.error(error)

    written = told_lines(log)
    assert written.count("\n") >= 5
    for quoted in QUOTED:
        assert quoted not in written


@pytest.fixture
def told_lines() -> Any:
    from tests.observability.test_logging import Written, everything

    def lines(log: Callable[[], None]) -> str:
        everything()
        with Written() as written:
            log()
        return written.text

    return lines
