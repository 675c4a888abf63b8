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
# A firewall forgets a connection that has been idle for a minute or more, and tells nobody.
LONGEST_REST_MS = 45_000
# How long, in seconds, a transaction may take, with all that it has to begin again.
TRANSACTION_SECONDS = 30.0
# What pymongo says of a server that does not take our certificate, or misses one.
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
# Whoever asks is refused, not what is asked: also UserNotFound, AuthenticationFailed, AtlasError.
REFUSES_US = {UNAUTHORIZED, 11, 18, 8000}
# It cannot just now: HostUnreachable, HostNotFound, NetworkTimeout, FailedToSatisfyReadPreference,
# ReadConcernMajorityNotAvailableYet, ExceededTimeLimit, SocketException. Nor where its operator has
# ended what we asked for, or has to make room: CursorNotFound, ExceededMemoryLimit,
# QueryPlanKilled, CursorKilled, UserWritesBlocked, Interrupted, OutOfDiskSpace.
NOT_NOW = {6, 7, 89, 133, 134, 262, 9001} | {43, 146, 175, 237, 371, 11601, 14031}
# Also of a client that waits in vain for a connection of its own.
UNREACHABLE = (ConnectionFailure, ExecutionTimeout, WriteConcernError, WTimeoutError)


@contextmanager
def store_errors() -> Iterator[None]:
    """Tells a MongoDB that does not answer from one that refuses."""
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
    """Why mongodb+srv:// has not been resolved, if that is what went wrong.

    pymongo asks the DNS when it connects, and calls all that fails there a mistake in the URI.
    """
    cause = error.__cause__
    is_of_dns = isinstance(cause, OSError) or type(cause).__module__.startswith("dns.")
    return cause if isinstance(cause, Exception) and is_of_dns else None


@contextmanager
def _refusals() -> Iterator[None]:
    """While we run, an operator mends that, and what was asked for can be asked for again."""
    try:
        yield
    except OperationFailure as error:
        if error.code in REFUSES_US:
            raise StoreUnavailable("MongoDB", f"it refuses us: {kind_of(error)}") from error
        raise


def _has_validator(collection: Mapping[str, Any]) -> bool:
    """One that was dropped is made anew, without it, by whoever writes the next document."""
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
        """``tls_files`` are those that ``uri`` names: when they change, it connects anew."""

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
        # Whoever waits as long as for any operation hears the reason, and not that time is up.
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
        """Around calls to MongoDB. Raises StoreUnavailable, at once while it is away."""
        with self.gate.passed(), store_errors(), _refusals(), self._clients.held():
            yield

    def __getitem__(self, collection: str) -> AsyncCollection[Document]:
        """Of the present client: to be asked for when it is used."""
        return self.database[collection]

    async def ping(self, seconds: float | None = None, having: Iterable[Collection] = ()) -> None:
        """By certificates as they are now. Without an answer in so many ``seconds`` it says why.

        Raises StoreUnavailable, also when one of the collections that it has to be ``having`` is
        not there or has lost its validator, or StartupError when MongoDB answers and refuses us.
        """
        names = [collection.name for collection in having]
        self._clients.renew()
        try:
            with store_errors(), pymongo.timeout(seconds or self._patience):
                # MongoDB answers a mere ping whoever asks.
                ours = {"name": {"$in": names}}
                async with await self.database.list_collections(filter=ours) as found:
                    guarded = {each["name"]: _has_validator(each) async for each in found}
        except StoreUnavailable as error:
            if self._is_checked and any(closed in error.reason for closed in CLOSED):
                raise StoreUnavailable("MongoDB", CLOSES) from error
            raise
        except (OperationFailure, ConfigurationError) as error:
            if getattr(error, "code", None) == UNAUTHORIZED:
                # Connections stay those of a user that is gone, also when it is there again.
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
        """Changes nothing. Raises StoreUnavailable, SchemaMismatch, StartupError."""
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
        """What ``change`` returns; all that it does with the session happens at once, or nothing.

        It is called again, from its beginning, when another process was faster: what it decides
        by, it has to read with the session. Raises StoreUnavailable, and what ``change`` raises.
        """
        with self.answering(), pymongo.timeout(TRANSACTION_SECONDS):
            async with self.client.start_session() as session:
                return await session.with_transaction(change)

    async def attempt(self, change: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
        """As ``transaction``, and only once. Raises GuardFailed when another one is under way.

        That may be a dead process's: MongoDB takes a minute to give it up.
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
