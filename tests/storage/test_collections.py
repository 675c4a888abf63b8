"""Collections are made with validators and indexes, and verified at every start."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from threading import Thread
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import WriteError
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from tests.storage.fixtures import PATIENCE_MS
from tests.storage.schema import COLLECTIONS
from yabot.errors import SchemaMismatch, StartupError, StoreUnavailable
from yabot.storage.documents.collections import (
    FINGERPRINTS,
    ensure_collection,
    verify_collection,
)
from yabot.storage.documents.json_schema import mongo_schema
from yabot.storage.documents.model import Collection
from yabot.storage.documents.store import DocumentStore

NAMES = {collection.name for collection in COLLECTIONS}


class Lamp(BaseModel):
    """As the version that wrote the database knew it."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(alias="_id")
    height: int


class TallLamp(Lamp):
    """As a later version knows it."""

    colour: str | None = None
    height: int = Field(ge=3)


LAMPS = Collection("lamps", Lamp, indexes=(("height",),))
TALL_LAMPS = Collection("lamps", TallLamp, indexes=(("height",), ("colour", "height")))


@pytest.fixture
def mongo_database(empty_mongo_database: str) -> str:
    """Collections are what is tested here."""
    return empty_mongo_database


@pytest.fixture
def store(new_documents: Callable[[], DocumentStore]) -> DocumentStore:
    return new_documents()


@pytest.fixture
async def lamps(store: DocumentStore) -> DocumentStore:
    await store.ensure([LAMPS])
    return store


async def differences(store: DocumentStore, collection: Collection) -> str:
    with pytest.raises(SchemaMismatch) as caught:
        await store.ensure([collection])
    return str(caught.value)


@pytest.mark.criterion("1.2.1", "1.1.1")
async def test_the_collections_are_created_and_verified(store: DocumentStore) -> None:
    await store.ensure(COLLECTIONS)
    await store.ensure(COLLECTIONS)
    there = set(await store.database.list_collection_names())
    assert there == NAMES | {FINGERPRINTS}
    assert {"users", "narrative_fragments", "items"} <= NAMES


@pytest.mark.criterion("1.2.1", "1.2.4")
@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.name)
async def test_a_document_that_does_not_fit_is_refused(
    store: DocumentStore, collection: Collection
) -> None:
    await store.ensure([collection])
    with pytest.raises(WriteError, match="failed validation"):
        await store[collection.name].insert_one({"_id": "1", "colour": "red"})


async def test_the_indexes_are_there(lamps: DocumentStore) -> None:
    indexes = await lamps["lamps"].index_information()
    assert indexes["height"]["key"] == [("height", 1)]


@pytest.mark.criterion("1.2.4", "1.2.3")
async def test_a_validator_changed_by_hand_stops_the_start_and_is_named(
    lamps: DocumentStore,
) -> None:
    changed = mongo_schema(Lamp)
    changed["properties"]["height"]["minimum"] = 7
    changed["properties"]["weight"] = {"bsonType": "int"}
    del changed["required"]
    await lamps.database.command("collMod", "lamps", validator={"$jsonSchema": changed})
    named = await differences(lamps, LAMPS)
    for difference in (
        "properties.height.minimum is not expected",
        "properties.weight is not expected",
        "required is missing",
    ):
        assert f"collection 'lamps': validator.$jsonSchema.{difference}" in named


@pytest.mark.criterion("1.2.4")
@pytest.mark.parametrize(
    "option", [{"validationAction": "warn"}, {"validationLevel": "off"}], ids=str
)
async def test_a_validator_that_was_switched_off_stops_the_start(
    lamps: DocumentStore, option: dict[str, str]
) -> None:
    await lamps.database.command({"collMod": "lamps", **option})
    named = await differences(lamps, LAMPS)
    assert f"{next(iter(option))} is '{next(iter(option.values()))}'" in named


@pytest.mark.criterion("1.2.4")
async def test_a_collection_without_validator_stops_the_start(store: DocumentStore) -> None:
    await store.database.create_collection("lamps")
    assert "validator.$jsonSchema is missing" in await differences(store, LAMPS)


@pytest.mark.criterion("1.2.4")
@pytest.mark.parametrize(
    ("keys", "options", "named"),
    [
        ([("colour", 1)], {}, "index 'height' is on [('colour', 1)]"),
        ([("height", -1)], {}, "index 'height' is on [('height', -1)]"),
        ([("height", 1)], {"unique": True}, "index 'height' has unique"),
        ([("height", 1)], {"sparse": True}, "index 'height' has sparse"),
    ],
    ids=["other field", "other direction", "unique", "sparse"],
)
async def test_an_index_changed_by_hand_stops_the_start_and_is_named(
    lamps: DocumentStore, keys: list[tuple[str, int]], options: dict[str, Any], named: str
) -> None:
    await lamps["lamps"].drop_index("height")
    await lamps["lamps"].create_index(keys, name="height", **options)
    assert named in await differences(lamps, LAMPS)


async def test_a_missing_index_is_made(lamps: DocumentStore) -> None:
    await lamps["lamps"].drop_index("height")
    await lamps.ensure([LAMPS])
    assert "height" in await lamps["lamps"].index_information()


async def test_an_earlier_version_is_upgraded(lamps: DocumentStore) -> None:
    await lamps["lamps"].insert_one({"_id": "old", "height": 5})
    await lamps.ensure([TALL_LAMPS])
    await lamps["lamps"].insert_one({"_id": "new", "height": 5, "colour": "red"})
    with pytest.raises(WriteError):
        await lamps["lamps"].insert_one({"_id": "low", "height": 2})
    assert "colour_height" in await lamps["lamps"].index_information()


async def test_an_earlier_version_that_still_runs_leaves_a_later_ones_validator(
    lamps: DocumentStore,
) -> None:
    """It has lost MongoDB, and looks at it again."""
    await lamps.ensure([TALL_LAMPS])
    await lamps.ensure([LAMPS], gives_way=True)
    await lamps["lamps"].insert_one({"_id": "new", "height": 5, "colour": "red"})


@pytest.mark.parametrize("gives_way", [True, False])
async def test_what_came_back_from_before_is_upgraded_by_whoever_looks(
    lamps: DocumentStore, gives_way: bool
) -> None:
    """MongoDB was restored from a backup, which knows of no later version."""
    before = await lamps.find(FINGERPRINTS, "lamps")
    assert before is not None
    await lamps.ensure([TALL_LAMPS])
    await lamps.ensure([LAMPS])
    await lamps.database[FINGERPRINTS].replace_one({"_id": "lamps"}, before)
    await lamps.ensure([TALL_LAMPS], gives_way=gives_way)
    await lamps["lamps"].insert_one({"_id": "new", "height": 5, "colour": "red"})


@pytest.mark.criterion("1.2.4")
async def test_an_upgrade_that_stored_documents_do_not_fit_is_refused(lamps: DocumentStore) -> None:
    await lamps["lamps"].insert_one({"_id": "low", "height": 2})
    assert "some documents do not fit this version" in await differences(lamps, TALL_LAMPS)
    await lamps.ensure([LAMPS])


@pytest.mark.parametrize("cut_off", ["create", "upgrade"])
async def test_a_start_that_was_cut_off_is_healed_by_the_next(
    lamps: DocumentStore, cut_off: str
) -> None:
    """The validator was set, and the note of it was not yet written."""
    if cut_off == "create":
        await lamps.database[FINGERPRINTS].delete_one({"_id": "lamps"})
    else:
        before = await lamps.find(FINGERPRINTS, "lamps")
        assert before is not None
        await lamps.ensure([TALL_LAMPS])
        await lamps.database[FINGERPRINTS].replace_one({"_id": "lamps"}, before)
    newest = LAMPS if cut_off == "create" else TALL_LAMPS
    await lamps.ensure([newest])
    await lamps.ensure([TALL_LAMPS if newest is LAMPS else LAMPS])


async def test_processes_that_start_at_once_prepare_the_collections_together(
    new_documents: Callable[[], DocumentStore],
) -> None:
    stores = [new_documents() for _ in range(4)]
    await asyncio.gather(*(store.ensure(COLLECTIONS) for store in stores))
    assert set(await stores[0].database.list_collection_names()) == NAMES | {FINGERPRINTS}


class Overtaking(CommandListener):
    """Lets another process prepare the collection as soon as the first has looked at it."""

    def __init__(self, uri: str, database: str, collection: Collection) -> None:
        self._store = partial(DocumentStore, uri, database, max_pool_size=1, timeout_ms=PATIENCE_MS)
        self._collection = collection
        self.is_done = False

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name == "listCollections" and not self.is_done:
            self.is_done = True
            thread = Thread(target=asyncio.run, args=(self._overtake(),))
            thread.start()
            thread.join()

    async def _overtake(self) -> None:
        other = self._store()
        await other.ensure([self._collection])
        await other.close()

    def started(self, event: CommandStartedEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


async def test_a_process_that_is_overtaken_by_another_s_upgrade_looks_again(
    lamps: DocumentStore, mongodb_uri: str, mongo_database: str
) -> None:
    overtaking = Overtaking(mongodb_uri, mongo_database, TALL_LAMPS)
    async with overtaken(mongodb_uri, overtaking) as client:
        await ensure_collection(client[mongo_database], TALL_LAMPS)
    assert overtaking.is_done
    assert "colour_height" in await lamps["lamps"].index_information()


@pytest.mark.parametrize("look", [ensure_collection, verify_collection])
async def test_what_another_process_has_just_made_was_not_dropped(
    store: DocumentStore,
    mongodb_uri: str,
    mongo_database: str,
    look: Callable[[AsyncDatabase[dict[str, Any]], Collection], Awaitable[None]],
) -> None:
    overtaking = Overtaking(mongodb_uri, mongo_database, LAMPS)
    async with overtaken(mongodb_uri, overtaking) as client:
        await look(client[mongo_database], LAMPS)
    assert overtaking.is_done
    assert "height" in await store["lamps"].index_information()


@asynccontextmanager
async def overtaken(
    uri: str, overtaking: Overtaking
) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, event_listeners=[overtaking])
    yield client
    await client.close()


@pytest.mark.criterion("1.2.3")
async def test_a_collection_that_cannot_be_created_prevents_the_start(
    store: DocumentStore,
) -> None:
    await store.database.create_collection("lights", capped=True, size=4096)
    await store.database.command("create", "lamps", viewOn="lights", pipeline=[])
    with pytest.raises(StartupError, match="lamps"):
        await store.ensure([LAMPS])


@pytest.mark.standard
async def test_a_mongodb_that_is_away_is_told_from_one_that_refuses() -> None:
    store = DocumentStore("mongodb://127.0.0.1:1/", "nothing", max_pool_size=1, timeout_ms=200)
    with pytest.raises(StoreUnavailable):
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await store.ensure([LAMPS])
    await store.close()
