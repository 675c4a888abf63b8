"""The connection to MongoDB: pooled, majority and journal on every write."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    WriteConcernError,
    WTimeoutError,
)

from yabot.error_text import kind_of
from yabot.errors import GuardFailed, StartupError, StoreUnavailable
from yabot.runtime.watch import Gate
from yabot.storage.documents.clients import Clients
from yabot.storage.documents.collections import DROPPED, ensure_collection, verify_collection
from yabot.storage.documents.model import Collection

T = TypeVar("T")

Document = dict[str, Any]
# A firewall may silently forget a connection that has been idle for a minute or more.
LONGEST_REST_MS = 45_000
# Seconds that a transaction may take, including its retries.
TRANSACTION_SECONDS = 30.0
# What pymongo says when a server refuses our certificate or wants one.
CLOSED = ("connection closed", "connection is already closed")
CLOSES = (
    "it closes the connection behind the greeting of TLS; if it asks for a certificate of ours,"
    " name one in tlsCertificateKeyFile that it trusts and that has not expired"
)
UNGUARDED = (
    "the collection '{name}' has lost its validator, and the next start refuses it so: keep what it"
    " holds, and set the validator as the backup has it (collMod); if somebody has dropped the"
    " collection, and a new document has made it anew, bring back what else it held, too"
)
UNAUTHORIZED = 13
# Codes that refuse us, not the command: also UserNotFound, AuthenticationFailed, AtlasError.
REFUSES_US = {UNAUTHORIZED, 11, 18, 8000}
# Temporary failures: HostUnreachable, HostNotFound, NetworkTimeout, FailedToSatisfyReadPreference,
# ReadConcernMajorityNotAvailableYet, ExceededTimeLimit, SocketException. Also if an operator has
# ended our command or has to make room: CursorNotFound, ExceededMemoryLimit, QueryPlanKilled,
# CursorKilled, UserWritesBlocked, Interrupted, OutOfDiskSpace.
NOT_NOW = {6, 7, 89, 133, 134, 262, 9001} | {43, 146, 175, 237, 371, 11601, 14031}
# Includes a client that waits in vain for one of its pool's connections.
UNREACHABLE = (ConnectionFailure, ExecutionTimeout, WriteConcernError, WTimeoutError)


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn errors of a MongoDB that does not answer into StoreUnavailable; refusals pass."""
    try:
        yield
    except UNREACHABLE as error:
        raise StoreUnavailable("MongoDB", kind_of(error)) from error
    except OperationFailure as error:
        if error.code in NOT_NOW:
            raise StoreUnavailable("MongoDB", kind_of(error)) from error
        raise
    except ConfigurationError as error:
        if (unresolved := _of_the_dns(error)) is None:
            raise
        reason = f"the DNS does not say where MONGODB_URI leads: {kind_of(unresolved)}"
        raise StoreUnavailable("MongoDB", reason) from error


def _of_the_dns(error: ConfigurationError) -> Exception | None:
    """Why mongodb+srv:// could not be resolved, if that is what went wrong.

    pymongo resolves it on connecting, and reports every failure of that as a mistake in the URI.
    """
    cause = error.__cause__
    is_of_dns = isinstance(cause, OSError) or type(cause).__module__.startswith("dns.")
    return cause if isinstance(cause, Exception) and is_of_dns else None


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn refusals of our user into StoreUnavailable: an operator can mend them while we run."""
    try:
        yield
    except OperationFailure as error:
        if error.code in REFUSES_US:
            raise StoreUnavailable("MongoDB", f"it refuses us: {kind_of(error)}") from error
        raise


def _has_validator(collection: Mapping[str, Any]) -> bool:
    """A dropped collection is made anew, without its validator, by the next written document."""
    return bool(collection.get("options", {}).get("validator"))


class DocumentStore:
    def __init__(
        self,
        uri: str,
        database: str,
        *,
        max_pool_size: int,
        timeout_ms: int,
        longest_rest_ms: int = LONGEST_REST_MS,
        tls_files: Sequence[Path] = (),
    ) -> None:
        """``tls_files`` are the files that ``uri`` names: when they change, it connects anew."""

        def connect() -> AsyncMongoClient[Document]:
            return AsyncMongoClient(
                uri,
                maxPoolSize=max_pool_size,
                serverSelectionTimeoutMS=timeout_ms,
                connectTimeoutMS=timeout_ms,
                timeoutMS=timeout_ms,
                maxIdleTimeMS=longest_rest_ms,
                w="majority",
                journal=True,
                tz_aware=True,
                appname="yabot",
            )

        self.gate = Gate("MongoDB")
        self._name = database
        self._is_checked = bool(tls_files)
        # Less than any operation may take, so that the error is the reason, not that time is up.
        self._patience = timeout_ms / 1000 * 0.9
        self._clients = Clients(connect, tls_files, of="MONGODB_URI")

    @property
    def client(self) -> AsyncMongoClient[Document]:
        return self._clients.client

    @property
    def database(self) -> AsyncDatabase[Document]:
        return self._clients.client[self._name]

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A context for calls to MongoDB. Raises StoreUnavailable, at once while it is away."""
        with self.gate.passed(), store_errors(), _refusals(), self._clients.held():
            yield

    def __getitem__(self, collection: str) -> AsyncCollection[Document]:
        """The collection of the present client: do not keep it."""
        return self.database[collection]

    async def ping(self, seconds: float | None = None, having: Iterable[Collection] = ()) -> None:
        """Check that MongoDB answers within ``seconds``, using the certificates as they are now.

        Raises StoreUnavailable, also when one of the collections ``having`` is missing or has lost
        its validator; StartupError when MongoDB answers and refuses us.
        """
        names = [collection.name for collection in having]
        self._clients.renew()
        try:
            with store_errors(), pymongo.timeout(seconds or self._patience):
                # Not a mere ping, which MongoDB answers without authentication.
                ours = {"name": {"$in": names}}
                async with await self.database.list_collections(filter=ours) as found:
                    guarded = {each["name"]: _has_validator(each) async for each in found}
        except StoreUnavailable as error:
            if self._is_checked and any(closed in error.reason for closed in CLOSED):
                raise StoreUnavailable("MongoDB", CLOSES) from error
            raise
        except (OperationFailure, ConfigurationError) as error:
            if getattr(error, "code", None) == UNAUTHORIZED:
                # Old connections stay bound to the removed user, even when it exists again.
                self._clients.replace()
            raise StartupError(
                f"MongoDB refuses the connection of MONGODB_URI: {kind_of(error)}"
            ) from error
        for name in names:
            if not guarded.get(name):
                told = UNGUARDED if name in guarded else DROPPED
                raise StoreUnavailable("MongoDB", told.format(name=name))

    async def ensure(self, collections: Iterable[Collection], *, gives_way: bool = False) -> None:
        """Create what is missing, verify what is there, as ``ensure_collection`` does.

        Raises StoreUnavailable, SchemaMismatch, StartupError.
        """
        ensure = partial(ensure_collection, gives_way=gives_way)
        await self._each(collections, ensure, "prepare")

    async def verify(self, collections: Iterable[Collection]) -> None:
        """Check as ``ensure``, without changes. Raises as ``ensure``."""
        await self._each(collections, verify_collection, "show")

    async def _each(
        self,
        collections: Iterable[Collection],
        ask: Callable[[AsyncDatabase[Document], Collection], Awaitable[None]],
        verb: str,
    ) -> None:
        for collection in collections:
            try:
                with store_errors():
                    await ask(self.database, collection)
            except OperationFailure as error:
                raise StartupError(
                    f"MongoDB refuses to {verb} the collection '{collection.name}': "
                    f"{kind_of(error)}"
                ) from error

    async def find(self, collection: str, key: str) -> Mapping[str, Any] | None:
        """The document with that ``_id``. Raises StoreUnavailable."""
        with self.answering():
            return await self.database[collection].find_one({"_id": key})

    async def transaction(self, change: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
        """Run ``change`` as one transaction; returns what it returns.

        ``change`` is called again when another process was faster, so it has to read all that it
        decides by with the session. Raises StoreUnavailable, and what ``change`` raises.
        """
        with self.answering(), pymongo.timeout(TRANSACTION_SECONDS):
            async with self.client.start_session() as session:
                return await session.with_transaction(change)

    async def attempt(self, change: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
        """As ``transaction``, but only once. Raises GuardFailed when another one is under way.

        That may be one of a dead process: MongoDB takes a minute to end it.
        """
        try:
            with self.answering():
                async with (
                    self.client.start_session() as session,
                    await session.start_transaction(),
                ):
                    return await change(session)
        except OperationFailure as error:
            if error.has_error_label("TransientTransactionError"):
                raise GuardFailed("what is changed in MongoDB has changed meanwhile") from error
            raise

    async def close(self) -> None:
        await self._clients.close()
