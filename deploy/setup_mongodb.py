"""Makes MongoDB a replica set with two users: its administrator and the bot.

Run beside mongod, on its loopback interface: until it has a user it lets nobody else in, and
only to do this. It may be run again at any time, and gives the bot's user its present password.
"""

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

Client = MongoClient[dict[str, Any]]

LOOPBACK = "127.0.0.1"
REPLICA_SET = "rs0"
ADMINISTRATOR = "admin"
BOT = "yabot"
PATIENCE = 60.0  # seconds for a mongod that starts, and for its election
UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18


def main(environ: Mapping[str, str]) -> None:
    """MONGODB_MEMBER is the host:port by which clients call the only member."""
    member = environ["MONGODB_MEMBER"]
    with connect(environ) as anybody:
        become_primary(anybody, member)
        add_administrator(anybody, environ["MONGODB_ADMIN_PASSWORD"])
    with connect(
        environ, username=ADMINISTRATOR, password=environ["MONGODB_ADMIN_PASSWORD"]
    ) as admin:
        set_bot(admin, environ["MONGODB_PASSWORD"], environ["MONGODB_DATABASE"])
    sys.stdout.write(f"MongoDB is a replica set at {member}, and knows its users\n")


def connect(environ: Mapping[str, str], **credentials: Any) -> Client:
    return MongoClient(
        LOOPBACK,
        int(environ["MONGODB_MEMBER"].rpartition(":")[2]),
        directConnection=True,
        tls=True,
        tlsCAFile=environ["MONGODB_CA_FILE"],
        serverSelectionTimeoutMS=int(PATIENCE * 1000),
        **credentials,
    )


def become_primary(client: Client, member: str) -> None:
    """Return once the member takes writes. Raises TimeoutError."""
    if "setName" not in client.admin.command("hello"):
        members = [{"_id": 0, "host": member}]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    deadline = time.monotonic() + PATIENCE
    while not client.admin.command("hello")["isWritablePrimary"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{member} was not elected within {PATIENCE:.0f} s; see its log")
        time.sleep(0.1)


def add_administrator(anybody: Client, password: str) -> None:
    try:
        anybody.admin.command("createUser", ADMINISTRATOR, pwd=password, roles=["root"])
    except OperationFailure as failure:
        if failure.code != UNAUTHORIZED:  # from the first user on, nobody may do this any more
            raise


def set_bot(admin: Client, password: str, database: str) -> None:
    """The bot reads and writes one database, and changes its collections' validators."""
    roles = [{"role": role, "db": database} for role in ("readWrite", "dbAdmin")]
    known = admin.admin.command("usersInfo", BOT)["users"]
    admin.admin.command("updateUser" if known else "createUser", BOT, pwd=password, roles=roles)


def told(error: Exception) -> str:
    """The error in one sentence, with its mend where it is known."""
    if isinstance(error, OperationFailure) and error.code == AUTHENTICATION_FAILED:
        return (
            "MongoDB does not take MONGODB_ADMIN_PASSWORD: its administrator was made with "
            "another; put that one back into deploy/.env"
        )
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing; set it in deploy/.env"
    return f"MongoDB cannot be set up: {error}"


if __name__ == "__main__":
    try:
        main(os.environ)
    except (PyMongoError, TimeoutError, KeyError) as error:
        sys.exit(told(error))
