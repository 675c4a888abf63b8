"""A replica set of one: initiated once, and reconfigured when its port has changed."""

import asyncio
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

NAME = "rs0"
NOT_YET_INITIALIZED = 94

Client = AsyncMongoClient[dict[str, Any]]


async def become_primary(client: Client, address: str) -> None:
    """Return once the only member, at ``address``, accepts writes.

    May be cut off at any point and begun again.
    """
    while not await _is_primary(client):
        try:
            await _configure(client, address)
        except OperationFailure:
            # mongod is loading or changing its configuration; its log tells any other trouble.
            await asyncio.sleep(0.05)


async def _is_primary(client: Client) -> bool:
    return bool((await client.admin.command("hello"))["isWritablePrimary"])


async def _configure(client: Client, address: str) -> None:
    try:
        config = (await client.admin.command("replSetGetConfig"))["config"]
    except OperationFailure as failure:
        if failure.code != NOT_YET_INITIALIZED:
            raise
        await _initiate(client, address)
        return
    if config["members"][0]["host"] == address:
        await asyncio.sleep(0.01)  # the election is under way
    else:
        await _move(client, config, address)


async def _initiate(client: Client, address: str) -> None:
    members = [{"_id": 0, "host": address}]
    await client.admin.command("replSetInitiate", {"_id": NAME, "members": members})


async def _move(client: Client, config: dict[str, Any], address: str) -> None:
    """By force: a member that does not find its own address in the set has no say in it."""
    config["members"][0]["host"] = address
    config["version"] += 1
    await client.admin.command("replSetReconfig", config, force=True)
