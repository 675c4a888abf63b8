"""A MongoDB that cannot do just now what is asked is no fault of who asks."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from tests.failing_mongod import fail_next, running_failing_mongod
from tests.storage.fixtures import PATIENCE_MS
from tests.storage.schema import COLLECTIONS
from yabot.errors import SchemaMismatch, StoreUnavailable
from yabot.storage.documents.collections import FINGERPRINTS
from yabot.storage.documents.store import DocumentStore


@pytest.fixture(scope="module")
def failing_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_failing_mongod(tmp_path_factory.mktemp("failing")) as uri:
        yield uri


@pytest.fixture
async def failing(failing_mongod: str) -> AsyncIterator[DocumentStore]:
    store = DocumentStore(failing_mongod, "failing", max_pool_size=2, timeout_ms=PATIENCE_MS)
    yield store
    await store.close()


@pytest.mark.criterion("1.1.5")
@pytest.mark.parametrize(
    ("code", "told"),
    [
        (11601, "somebody has ended what we asked for"),
        (14031, "its disk is full: make room there"),
        (371, "let it take them again"),
        (146, "ExceededMemoryLimit"),
        (175, "QueryPlanKilled"),
    ],
)
async def test_what_it_cannot_do_now_may_be_asked_again(
    failing: DocumentStore, failing_mongod: str, code: int, told: str
) -> None:
    fail_next(failing_mongod, code, times=1, failCommands=["find"])
    with pytest.raises(StoreUnavailable, match=told):
        await failing.find("users", "1")
    assert await failing.find("users", "1") is None


@pytest.mark.criterion("1.1.5", "1.2.4")
async def test_a_collection_that_was_dropped_is_missed(documents: DocumentStore) -> None:
    ensure = partial(documents.ensure, COLLECTIONS)
    verify = partial(documents.verify, COLLECTIONS)
    await documents.ping(having=COLLECTIONS)
    dropped = COLLECTIONS[0].name
    await documents[dropped].drop()
    told = f"somebody has dropped the collection '{dropped}': bring it back from the backup"
    # While the program runs; when it starts, or MongoDB is back; and when somebody only looks.
    for ask in (partial(documents.ping, having=COLLECTIONS), ensure, verify):
        with pytest.raises(StoreUnavailable, match=told):
            await ask()
    assert dropped not in await documents.database.list_collection_names()
    # As it is told to go on without it; that is not said of another time.
    await documents[FINGERPRINTS].replace_one({"_id": dropped}, {"given_up": True})
    for ask in (verify, ensure, partial(documents.ping, having=COLLECTIONS)):
        await ask()
    await documents[dropped].drop()
    with pytest.raises(StoreUnavailable, match=told):
        await ensure()


@pytest.mark.criterion("1.1.5", "1.2.4")
@pytest.mark.parametrize("is_dropped", [True, False])
async def test_nobody_is_told_to_drop_what_has_lost_its_validator(
    documents: DocumentStore, is_dropped: bool
) -> None:
    """Somebody's next document has made it anew, or all that it held is still there."""
    name = COLLECTIONS[0].name
    validator = (await documents[name].options())["validator"]
    if is_dropped:
        await documents[name].drop()
        await documents[name].insert_one({})
    else:
        await documents.database.command("collMod", name, validator={})
    told = f"the collection '{name}' has lost its validator, and the next start refuses it so"
    with pytest.raises(StoreUnavailable, match=told) as raised:
        await documents.ping(having=COLLECTIONS)
    assert "keep what it holds, and set the validator" in raised.value.reason
    with pytest.raises(SchemaMismatch, match="validator"):
        await documents.ensure(COLLECTIONS)
    await documents.database.command("collMod", name, validator=validator)
    await documents.ping(having=COLLECTIONS)
    await documents.ensure(COLLECTIONS)
