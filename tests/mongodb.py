"""MongoDB databases whose collections are there already: making them takes longer than most tests.

A test gets one without a document, and with nothing in it but what this version makes.
"""

import asyncio
from collections.abc import Sequence
from itertools import cycle
from typing import Any
from uuid import uuid4

from pymongo import MongoClient
from pymongo.database import Database

from yabot.storage.documents.collections import FINGERPRINTS
from yabot.storage.documents.model import Collection
from yabot.storage.documents.store import DocumentStore

# What a test has sent may arrive when its client has gone: the next ones use other databases.
IN_TURN = 4
# Each collection's options, and what is known of those that were made.
Made = tuple[dict[str, Any], list[dict[str, Any]]]


class ReadyDatabases:
    def __init__(self, uri: str, collections: Sequence[Collection]) -> None:
        self._uri = uri
        self._collections = collections
        self._client: MongoClient[dict[str, Any]] = MongoClient(uri)
        self._names = cycle([f"ready_{uuid4().hex}" for _ in range(IN_TURN)])
        # By name, what was there when it was made.
        self._made: dict[str, Made] = {}

    def take(self) -> str:
        """The name of one that no test has used lately."""
        name = next(self._names)
        database = self._client[name]
        if name not in self._made or self._made[name] != _made(database):
            # Not made yet, or not left as it was made.
            self._client.drop_database(name)
            asyncio.run(self._make(name))
            self._made[name] = _made(database)
        else:
            for collection in self._collections:
                database[collection.name].delete_many({})
        return name

    def close(self) -> None:
        self._client.close()

    async def _make(self, name: str) -> None:
        store = DocumentStore(self._uri, name, max_pool_size=1, timeout_ms=60_000)
        await store.ensure(self._collections)
        await store.close()


def _made(database: Database[dict[str, Any]]) -> Made:
    options = {each["name"]: each["options"] for each in database.list_collections()}
    return options, database[FINGERPRINTS].find().sort("_id").to_list()
