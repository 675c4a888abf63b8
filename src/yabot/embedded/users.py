"""Who may enter the embedded mongod: this program, by the secret in the engine's folder."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pymongo import AsyncMongoClient

USER = "yabot"
# Reading, writing and monitoring; no administration of the server.
ROLES = ("readWriteAnyDatabase", "dbAdminAnyDatabase", "clusterMonitor")
SCRAM = "SCRAM-SHA-256"
# mongod accepts its members by the key file, so the program that starts it can enter even if there
# is no user yet, as in data of a version that asked for no password.
MEMBER: Mapping[str, Any] = {
    "username": "__system",
    "authSource": "local",
    "authMechanism": SCRAM,
}


async def admit(member: AsyncMongoClient[dict[str, Any]], secret: str) -> None:
    """Create the user, or give it this secret; ``member`` is a client with a member's rights."""
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
