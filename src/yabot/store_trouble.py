"""Why a store does not do what we ask of it, in a sentence that says how to mend it.

A server's code tells what is wrong, but not what to do. The rest of its message may quote anything,
and is never repeated.
"""

import re

_FULL_OF_CLIENTS = (
    "it has no connection left for us: end what holds the others, or raise the limit (of the"
    " server, the database or our user)"
)
_NO_RIGHT = (
    "our user has not the right to a command, key or channel that we need: give it those that"
    " deploy/redis-bot.acl lists"
)
# By the code with which Redis begins its answer.
_REDIS = {
    "OOM": "its memory is full (maxmemory): make room there, or raise it",
    "MISCONF": "it takes no writes, since it cannot save to its disk: its log says why; make room"
    " there, or give it a folder that it may write",
    "NOREPLICAS": "it takes no writes, since it has lost replicas (min-replicas-to-write): bring"
    " them back",
    "NOPERM": _NO_RIGHT,
    "LOADING": "it still loads its data; it answers by itself when that is done",
    "MASTERDOWN": "it is a replica that has lost its primary; name the primary",
    "UNBLOCKED": "it has just become a replica; name the primary",
    "BUSY": "a script of somebody's keeps it busy: end that with SCRIPT KILL",
}
# By the beginning of what follows its general code, ERR.
_REDIS_BEGINNINGS = {
    "max number of clients": _FULL_OF_CLIENTS,
    "acl failure in script": _NO_RIGHT,
    "the user executing the script can't": _NO_RIGHT,
    "unknown command": "it does not know a command that we need: it is older than Redis 6.2, or"
    " rename-command has taken it away",
}
# The prefix with which Redis before 7.0 answers a command of a script.
_OF_A_SCRIPT = re.compile(
    r"(Error running script \(call to f_[0-9a-f]{40}\): @user_script:\d+: )?@user_script: \d+: -?"
)
# By SQLSTATE.
_POSTGRES = {
    "25006": "it takes no writes: it is a standby, or default_transaction_read_only is on; name"
    " the primary, or let it take them",
    "53100": "its disk is full: make room there",
    "53300": _FULL_OF_CLIENTS,
    "55P03": "somebody else holds a lock on our tables: pg_locks shows who",
    "57014": "a statement took too long: somebody holds a lock on our tables (pg_locks shows who),"
    " or the server is too slow",
}
# For failed connections, which have no SQLSTATE in psycopg: words beside the names in its message.
_POSTGRES_WORDS = {
    "too many clients": _FULL_OF_CLIENTS,
    "too many connections for": _FULL_OF_CLIENTS,
    "remaining connection slots are reserved": _FULL_OF_CLIENTS,
    "is not permitted to log in": "the user of DATABASE_URL may not log in: ALTER ROLE … LOGIN",
    "is not currently accepting connections": "the database accepts no connections: ALTER DATABASE"
    " … ALLOW_CONNECTIONS true, or wait until whoever has shut it is done",
    "permission denied for database": "the user of DATABASE_URL may not enter the database: GRANT"
    " CONNECT ON DATABASE … TO that user",
    "no pg_hba.conf entry": "its pg_hba.conf lets us not in from here, as this user, or in this"
    " way: add a line for us, or use TLS if it asks for that",
}

_MONGODB = {
    371: "whoever runs it has shut it for writes: let it take them again",
    11601: "somebody has ended what we asked for (killOp)",
    14031: "its disk is full: make room there",
}

_IN_A_FUNCTION = (
    "a function that is not ours has failed, such as a trigger that somebody has put on one of our"
    " tables{name}: mend it, or drop the trigger"
)
# Matches in any language of the server (lc_messages). What follows a quotation mark may be
# somebody's text.
_FUNCTION = re.compile(
    r"[^\"'«»„=$]*PL/[A-Za-z]+"
    r"(?:[^\"«»(]*?[\"«]?(?<![A-Za-z0-9_.])([A-Za-z_][A-Za-z0-9_.]{0,63})[(\"»])?"
)
# PostgreSQL's own query for a foreign key begins like this.
_OF_A_REFERENCE = "SELECT 1 FROM ONLY "


def redis_trouble(code: str, words: str) -> str:
    """A sentence for the ``code`` and ``words`` of an answer; empty if we have none for them."""
    if prefix := _OF_A_SCRIPT.match(words):
        words = words[prefix.end() :]
        code = words.partition(" ")[0]
    said = words.lower()
    begun = (told for start, told in _REDIS_BEGINNINGS.items() if said.startswith(start))
    return _REDIS.get(code) or next(begun, "")


def postgres_trouble(sqlstate: str | None, refusal: str) -> str:
    """A sentence for the code, or for the words of a refused connection, which has no code."""
    if sqlstate is not None:
        return _POSTGRES.get(sqlstate, "")
    said = refusal.lower()
    return next((told for part, told in _POSTGRES_WORDS.items() if part in said), "")


def is_of_a_function(context: str | None) -> bool:
    """Whether an error came from a function, which is then somebody else's: we have none. For our
    own statements PostgreSQL gives no ``context``.
    """
    outermost = _outermost(context)
    return bool(outermost) and _OF_A_REFERENCE not in outermost


def function_trouble(context: str | None) -> str:
    """A sentence for the ``context`` of a PostgreSQL error; empty if our own statement failed."""
    found = _FUNCTION.match(_outermost(context))
    if found is None:
        return ""
    return _IN_A_FUNCTION.format(name=f" ({found[1]})" if found[1] else "")


def _outermost(context: str | None) -> str:
    """The last line of the context; the lines before it may quote statements."""
    return (context or "").rpartition("\n")[2]


def mongodb_trouble(code: int | None) -> str:
    return _MONGODB.get(code, "") if code is not None else ""
