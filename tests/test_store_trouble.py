"""What Redis and PostgreSQL answer, as they say it, and what is made of it."""

import psycopg
import pytest
from redis._parsers.base import BaseParser
from redis.exceptions import RedisError

from yabot.error_text import kind_of, trouble_of
from yabot.store_trouble import function_trouble, is_of_a_function

# As Redis 6.2 begins.
IN_A_SCRIPT = (
    f"ERR Error running script (call to f_{'5' * 40}): @user_script:31: @user_script: 31: "
)


def answered(answer: str) -> RedisError:
    """As redis-py reads it from the connection."""
    error: RedisError = BaseParser.parse_error(answer)  # type: ignore[no-untyped-call]
    return error


def refused(words: str) -> psycopg.OperationalError:
    return psycopg.OperationalError(
        f'connection to server at "10.0.0.7", port 5432 failed: FATAL:  {words}'
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (answered("OOM command not allowed when used memory > 'maxmemory'."),
         "its memory is full (maxmemory): make room there, or raise it"),
        (answered("MISCONF Valkey is configured to save RDB snapshots, but it's unable to"),
         "it cannot save to its disk"),
        (answered("NOREPLICAS Not enough good replicas to write."), "it has lost replicas"),
        (answered("NOPERM User yabot has no permissions to run the 'xread' command"),
         "not the right to a command, key or channel"),
        (answered("ERR ACL failure in script: User yabot has no permissions to run the 'xadd'"),
         "not the right to a command, key or channel"),
        (answered(f"{IN_A_SCRIPT}The user executing the script can't publish to the channel"),
         "not the right to a command, key or channel"),
        (answered("ERR @user_script: 25: -OOM command not allowed when used memory > 'maxmemory'."),
         "its memory is full (maxmemory)"),
        (answered("LOADING Redis is loading the dataset in memory"), "it still loads its data"),
        (answered("BUSY Redis is busy running a script."), "end that with SCRIPT KILL"),
        (answered("UNBLOCKED force unblock from blocking operation"), "become a replica"),
        (answered("ERR max number of clients reached"), "no connection left for us"),
        (answered("ERR unknown command 'EVALSHA', with args beginning with: 'x'"),
         "it does not know a command that we need"),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"), "it takes no writes"),
        (psycopg.errors.QueryCanceled("canceling statement"), "a statement took too long"),
        (psycopg.errors.LockNotAvailable("canceling statement"), "holds a lock on our tables"),
        (refused('too many connections for role "yabot"'), "no connection left for us"),
        (refused('role "yabot" is not permitted to log in'), "may not log in"),
        (refused('database "yabot" is not currently accepting connections'),
         "the database accepts no connections"),
        (refused('no pg_hba.conf entry for host "10.0.0.8", user "yabot"'), "lets us not in"),
    ],
    ids=str,
)  # fmt: skip
def test_one_sentence_says_what_is_wrong_and_what_to_do(error: Exception, told: str) -> None:
    said = kind_of(error)
    assert told in said
    assert not any(name in said for name in ("10.0.0", "yabot", "xread", "xadd"))


@pytest.mark.parametrize(
    "error",
    [
        answered("ERR no such key: OOM LOADING max number of clients reached"),
        psycopg.errors.UniqueViolation("Key (name)=(is not permitted to log in) already exists"),
        ValueError("OOM"),
    ],
    ids=str,
)
def test_what_a_server_quotes_is_not_taken_for_its_trouble(error: Exception) -> None:
    assert trouble_of(error) == ""


@pytest.mark.parametrize(
    "context",
    [
        "PL/pgSQL function note_it() line 1 at assignment",
        'SQL statement "INSERT INTO x"\nPL/pgSQL function note_it(text) line 1 at SQL statement',
        "función PL/pgSQL note_it() en la línea 1 en asignación",
        "PL/pgSQL-Funktion note_it() Zeile 1 bei Zuweisung",
        "fonction PL/pgSQL note_it(), ligne 1 à instruction SQL",
        "PL/pgSQL関数note_it()の1行目 - SQLステートメント",
        "在SQL语句的第1行的PL/pgSQL函数note_it()",
        'PL/Python function "note_it"',
    ],
)
def test_a_function_is_named_in_whatever_language_the_server_speaks(context: str) -> None:
    assert "(note_it): mend it, or drop the trigger" in function_trouble(context)


@pytest.mark.parametrize(
    "context",
    [
        "PL/pgSQL function inline_code_block line 1 at RAISE",
        'PL/pgSQL function "of Misu"() line 1 at RAISE',
    ],
)
def test_a_function_whose_name_says_nothing_is_told_without(context: str) -> None:
    assert function_trouble(context).endswith("one of our tables: mend it, or drop the trigger")


@pytest.mark.parametrize(
    "context",
    [
        None,
        "",
        'while updating tuple (0,1) in relation "receipts"',
        "unnamed portal parameter $1 = 'PL/pgSQL function Misu()'",
    ],
)
def test_what_no_function_has_done_is_told_of_none(context: str | None) -> None:
    assert function_trouble(context) == ""


def test_a_reference_that_postgresql_looks_after_is_ours() -> None:
    context = 'SQL statement "SELECT 1 FROM ONLY "public"."accounts" x WHERE "id" = $1"'
    assert not is_of_a_function(context)
    assert is_of_a_function('SQL function "knows" during inlining')
