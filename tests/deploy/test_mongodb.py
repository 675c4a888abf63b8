"""mongod as compose.yaml starts it, set up by setup_mongodb.py, used by the bot's own URI."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from tests.certificates import Authority, Leaf, put
from tests.deploy.compose_file import environment
from tests.deploy.servers import mongodb, set_up
from tests.storage.fixtures import PATIENCE_MS
from tests.waiting import until, wait_until
from yabot.app.features import FEATURES
from yabot.errors import StartupError, StoreUnavailable
from yabot.feature import collections_of
from yabot.storage.documents.store import DocumentStore

pytestmark = [pytest.mark.criterion("sec.1")]
COLLECTIONS = collections_of(FEATURES)


@pytest.fixture(scope="module")
def places(
    services: dict[str, Any], tls: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Where things of the containers are on this machine; MongoDB is set up."""
    with mongodb(services, tls, tmp_path_factory.mktemp("mongodb")) as port:
        found = {"mongodb:27017": f"localhost:{port}", "/tls/": f"{tls}/yabot/"}
        done = set_up("setup-mongodb", services, found)
        assert (done.returncode, done.stderr) == (0, "")
        yield found


@pytest.fixture
def uri(services: dict[str, Any], places: dict[str, str]) -> str:
    return environment(services["yabot"], places)["MONGODB_URI"]


@pytest.fixture
async def documents(uri: str) -> AsyncIterator[DocumentStore]:
    store = DocumentStore(uri, "yabot", max_pool_size=2, timeout_ms=PATIENCE_MS)
    yield store
    await store.close()


def client(uri: str, *, wait_ms: int = PATIENCE_MS) -> MongoClient[dict[str, Any]]:
    return MongoClient(uri, serverSelectionTimeoutMS=wait_ms)


async def test_the_bot_makes_and_uses_its_collections(documents: DocumentStore) -> None:
    await documents.ping()
    await documents.ensure(COLLECTIONS)
    await documents.database.command("collMod", "items", validationLevel="strict")
    await documents.database["probe"].insert_one({"_id": "a"})
    assert await documents.find("probe", "a") == {"_id": "a"}
    hello = await documents.client.admin.command("hello")
    assert hello["setName"] == "rs0"


def test_the_bot_may_do_nothing_elsewhere(uri: str) -> None:
    with client(uri) as bot:
        for forbidden in (
            lambda: bot["another"]["probe"].insert_one({}),
            lambda: bot.admin.command("createUser", "friend", pwd="x", roles=["root"]),
            lambda: bot.admin.command("shutdown"),
        ):
            with pytest.raises(OperationFailure, match="not authorized"):
                forbidden()


@pytest.mark.criterion("sec.4")
def test_slow_operations_are_not_logged_with_their_documents(uri: str) -> None:
    with client(uri) as bot:
        assert bot["yabot"].command("profile", -1)["sampleRate"] == 0


def test_nobody_is_let_in_without_tls(uri: str) -> None:
    with (
        client(uri.partition("&tls=true")[0], wait_ms=1500) as plain,
        pytest.raises(ServerSelectionTimeoutError),
    ):
        plain.admin.command("ping")


def test_another_authoritys_server_is_not_believed(uri: str, tmp_path: Path, tls: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes((tls / "redis/server.crt").read_bytes())
    with client(uri.replace(f"{tls}/yabot/ca.pem", str(other)), wait_ms=1500) as doubting:

        def says_why() -> bool:
            """A busy server may not have shown it yet."""
            with pytest.raises(ServerSelectionTimeoutError) as refused:
                doubting.admin.command("ping")
            return "certificate verify failed" in str(refused.value)

        wait_until(says_why)


async def test_nobody_is_let_in_without_a_password(uri: str, places: dict[str, str]) -> None:
    user = uri.partition("//")[2].partition("@")[0]
    store = DocumentStore(
        uri.replace(f"{user}@", ""), "yabot", max_pool_size=1, timeout_ms=PATIENCE_MS
    )
    with pytest.raises(StartupError, match="Unauthorized"):
        await store.ensure(COLLECTIONS)
    await store.close()


def test_setting_up_again_brings_a_new_password(
    services: dict[str, Any], places: dict[str, str], uri: str, secrets: dict[str, str]
) -> None:
    present = secrets["MONGODB_PASSWORD"]
    assert set_up("setup-mongodb", services, places, MONGODB_PASSWORD="new").returncode == 0
    with client(uri) as old, pytest.raises(OperationFailure, match="Authentication failed"):
        old["yabot"].command("ping")
    with client(uri.replace(present, "new")) as bot:
        bot["yabot"].command("ping")
    assert set_up("setup-mongodb", services, places).returncode == 0
    with client(uri) as bot:
        bot["yabot"].command("ping")


def test_a_wrong_administrators_password_is_said_in_a_sentence(
    services: dict[str, Any], places: dict[str, str]
) -> None:
    refused = set_up("setup-mongodb", services, places, MONGODB_ADMIN_PASSWORD="wrong")
    assert refused.returncode == 1
    assert refused.stderr == (
        "MongoDB does not take MONGODB_ADMIN_PASSWORD: its administrator was made with another; "
        "put that one back into deploy/.env\n"
    )


# One that has expired mongod itself does not take.
WRONG: dict[str, tuple[Callable[[Authority], Leaf], str]] = {
    "wrongly named": (
        lambda own: own.leaf("mongodb.example.org"),
        "its certificate is for another name",
    ),
    "foreign": (
        lambda _: Authority("foreign").leaf(),
        "no authority that is trusted has signed its certificate; name the one that has in "
        "tlsCAFile",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_certificate_is_told_and_mended_while_it_runs(
    services: dict[str, Any], uri: str, tls: Path, tmp_path: Path, wrong: str
) -> None:
    """mongod ends TLS itself here, and takes another certificate without a restart."""
    make, sentence = WRONG[wrong]
    own, sound = Authority("another"), (tls / "mongodb/server.pem").read_bytes()
    believed = put(tmp_path / "ca.pem", own.pem + (tls / "yabot/ca.pem").read_bytes())
    store = DocumentStore(
        uri.replace(f"{tls}/yabot/ca.pem", str(believed)),
        "yabot",
        max_pool_size=2,
        timeout_ms=2000,
        tls_files=[believed],
    )
    admin = administrator(services, uri, tls)
    try:
        await until(lambda: answers(store))
        put(tls / "mongodb/server.pem", make(own).pem)
        admin.admin.command("rotateCertificates")
        # Whoever is connected stays so; others are made by a new client.
        put(believed, own.pem + believed.read_bytes())

        async def says() -> bool:
            try:
                await store.ping()
            except StoreUnavailable as error:
                return sentence in error.reason
            return False

        await until(says)
    finally:
        put(tls / "mongodb/server.pem", sound)
        admin.admin.command("rotateCertificates")
        admin.close()
    await until(lambda: answers(store))
    await store.close()


async def answers(store: DocumentStore) -> bool:
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


def administrator(services: dict[str, Any], uri: str, tls: Path) -> MongoClient[dict[str, Any]]:
    """Connected: what it has of a connection outlives the certificate that it was made by."""
    found: MongoClient[dict[str, Any]] = MongoClient(
        urlsplit(uri).hostname,
        urlsplit(uri).port,
        username="admin",
        password=services["setup-mongodb"]["environment"]["MONGODB_ADMIN_PASSWORD"],
        directConnection=True,
        tls=True,
        tlsCAFile=f"{tls}/yabot/ca.pem",
    )
    found.admin.command("ping")
    return found
