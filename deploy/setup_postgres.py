"""Makes the bot's user of PostgreSQL and the database that it owns.

It may be run again at any time, and gives the user its present password. The connection is
described by libpq's own variables: PGHOST, PGUSER, PGPASSWORD, PGSSLMODE, PGSSLROOTCERT.
"""

import os
import sys

import psycopg
from psycopg.sql import SQL, Identifier, Literal

BOT = "yabot"
DATABASE = "yabot"

Connection = psycopg.Connection[tuple[object, ...]]


def main(password: str) -> None:
    """CREATE DATABASE allows no transaction around it; each step may find itself done."""
    with psycopg.connect(dbname="postgres", autocommit=True) as connection:
        set_bot(connection, password)
        add_database(connection)
    sys.stdout.write(f"PostgreSQL has the database {DATABASE}, and its user\n")


def set_bot(connection: Connection, password: str) -> None:
    """Only a verifier of the password is sent: a statement may end up in the server's log."""
    exists = _any(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", BOT)
    verifier = connection.pgconn.encrypt_password(
        password.encode(), BOT.encode(), b"scram-sha-256"
    ).decode()
    change = SQL("ALTER ROLE" if exists else "CREATE ROLE")
    connection.execute(
        SQL("{} {} LOGIN PASSWORD {}").format(change, Identifier(BOT), Literal(verifier))
    )


def add_database(connection: Connection) -> None:
    database = Identifier(DATABASE)
    if not _any(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
        connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(database, Identifier(BOT)))
    connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))


def _any(connection: Connection, query: str, value: str) -> bool:
    return connection.execute(query, [value]).fetchone() is not None


if __name__ == "__main__":
    try:
        main(os.environ["POSTGRES_PASSWORD"])
    except KeyError as error:
        sys.exit(f"{error.args[0]} is missing; set it in deploy/.env")
    except psycopg.Error as error:
        sys.exit(f"PostgreSQL cannot be set up: {error}")
