"""A MongoDB that refuses us while we run is away until an operator lets us in again."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from tests.storage.fixtures import PATIENCE_MS
from tests.uris import as_member, place_of
from yabot.errors import StartupError, StoreUnavailable
from yabot.storage.documents.store import DocumentStore

pytestmark = pytest.mark.slow


class Operator:
    """Gives the program a user of its own, and takes it away."""

    def __init__(self, client: MongoClient[dict[str, Any]], uri: str) -> None:
        self._admin = client.admin
        self._user = f"u{uuid4().hex}"
        self.uri = f"mongodb://{self._user}:hush@{place_of(uri)}"

    def admit(self) -> None:
        roles = ["readWriteAnyDatabase", "dbAdminAnyDatabase"]
        self._admin.command("createUser", self._user, pwd="hush", roles=roles)

    def dismiss(self) -> None:
        self._admin.command("dropUser", self._user)

    def change_password(self) -> None:
        self._admin.command("updateUser", self._user, pwd="another")

    def take_roles(self) -> None:
        self._admin.command("updateUser", self._user, roles=[])


@pytest.fixture
def operator(mongodb_uri: str) -> Iterator[Operator]:
    client: MongoClient[dict[str, Any]] = MongoClient(as_member(mongodb_uri))
    with client:
        operator = Operator(client, mongodb_uri)
        operator.admit()
        yield operator
        operator.dismiss()


def new_store(operator: Operator, database: str) -> DocumentStore:
    return DocumentStore(operator.uri, database, max_pool_size=3, timeout_ms=PATIENCE_MS)


@pytest.mark.criterion("1.1.5")
@pytest.mark.parametrize("way", [Operator.dismiss, Operator.take_roles])
async def test_it_counts_as_away_until_the_user_is_there_again(
    operator: Operator, empty_mongo_database: str, way: Any
) -> None:
    store = new_store(operator, empty_mongo_database)
    await store.ping()
    assert await store.find("users", "1") is None
    way(operator)
    with pytest.raises(StoreUnavailable, match="it refuses us"):
        await store.find("users", "1")
    assert store.gate.suspected.is_set()
    for _ in range(2):
        with pytest.raises(StartupError, match="MongoDB refuses the connection of MONGODB_URI"):
            await store.ping()
    if way is Operator.take_roles:
        operator.dismiss()
    operator.admit()
    await store.ping()
    assert await store.find("users", "1") is None
    await store.close()


@pytest.mark.criterion("1.1.5")
async def test_whoever_connects_by_a_password_of_before_is_told_that_it_is_away(
    operator: Operator, empty_mongo_database: str
) -> None:
    operator.change_password()
    store = new_store(operator, empty_mongo_database)
    with pytest.raises(StoreUnavailable, match=r"it refuses us: .* 18, .*authentication failed"):
        await store.find("users", "1")
    await store.close()
