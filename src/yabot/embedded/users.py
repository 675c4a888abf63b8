"""Who may enter the embedded mongod: this program, by the secret in the engine's folder."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pymongo import AsyncMongoClient

USER = "yabot"
# What the bot does, and how the server is; no administration of it.
ROLES = ("readWriteAnyDatabase", "dbAdminAnyDatabase", "clusterMonitor")
SCRAM = "SCRAM-SHA-256"
# mongod knows its members by the key file, and so whoever starts it: also where no user is yet,
# as in data of a version that asked for no password.
MEMBER: Mapping[str, Any] = {
    "username": "__system",
    "authSource": "local",
    "authMechanism": SCRAM,
}


async def admit(member: AsyncMongoClient[dict[str, Any]], secret: str) -> None:
    """Make the user, or give it this secret; ``member`` is a client with the rights of one."""
    told = {"secret": sha256(secret.encode()).hexdigest()[:16]}
    known = (await member.admin.command("usersInfo", USER))["users"]
    if known and known[0].get("customData") == told:
        return
    await member.admin.command(
        "updateUser" if known else "createUser",
        USER,
        pwd=secret,
        customData=told,
        roles=[{"role": role, "db": "admin"} for role in ROLES],
        mechanisms=[SCRAM],
    )
