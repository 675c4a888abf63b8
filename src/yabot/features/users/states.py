"""A user's document at exactly the version that SQL names, whichever store has it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from pydantic import ValidationError

from yabot.error_text import kind_of
from yabot.errors import GuardFailed, StoreUnavailable, TerminalError, YabotError
from yabot.features.users import repository
from yabot.features.users.cache import StateCache
from yabot.features.users.model import UserState
from yabot.log.tables import doc_changes
from yabot.storage.documents.collections import GIVING_UP, is_given_up
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, Statement

Read = Callable[[Statement[bool]], Awaitable[bool]]

COLLECTION = "users"
# Where a state is kept: which store, and what to look into there.
IN_MONGODB = ("MongoDB", f"collection '{COLLECTION}'")
IN_SQL = ("SQL", f"table '{doc_changes.name}'")
STATES_MISSING = (
    f"its collection '{COLLECTION}' is empty, and SQL knows users whose states it had:"
    " name the one that has them (MONGODB_URI, MONGODB_DATABASE), or bring it back from the backup;"
    " or, " + GIVING_UP
)
UNKNOWN_WHETHER_MISSING = (
    f"its collection '{COLLECTION}' is empty, and SQL cannot say whether that is right: "
)


class StateUnusable(YabotError):
    """The state is lost or unreadable; what does not need it goes on."""


class StateLost(StateUnusable, TerminalError):
    """MongoDB does not hold a state that SQL says was applied."""

    code = "state_lost"


class StateUnreadable(StateUnusable):
    """The state is kept, until a newer version can read it or an operator has repaired it."""

    code = "state_unreadable"

    def __init__(self, user_id: str, why: str, store: str, place: str) -> None:
        super().__init__(
            f"{store} holds what this version cannot read as the state of user {user_id} ({why}): "
            "if a newer version of this program has written it, start that one; if somebody has "
            f"changed it by hand in the {place}, undo that"
        )


async def require_any(documents: DocumentStore, read: Read) -> None:
    """Check that MongoDB has a state if it has ever taken one.

    Raises StoreUnavailable when it has none: then it is not the database that belongs to SQL,
    unless an operator has given the states up. ``read`` reads from SQL.
    """
    if not await _is_empty(documents):
        return
    with documents.answering():
        if await is_given_up(documents.database, COLLECTION):
            return
    try:
        has_had_some = await read(repository.is_any_followed)
    except StoreUnavailable as error:
        raise StoreUnavailable("MongoDB", UNKNOWN_WHETHER_MISSING + error.reason) from error
    # Look again: a state that came to MongoDB in between has no row in SQL any more.
    if has_had_some and await _is_empty(documents):
        raise StoreUnavailable("MongoDB", STATES_MISSING.format(name=COLLECTION))


async def _is_empty(documents: DocumentStore) -> bool:
    with documents.answering():
        return await documents[COLLECTION].find_one({}, {"_id": 1}) is None


class States:
    """``model`` is the document with the parts that features keep in it."""

    def __init__(
        self, database: Database, documents: DocumentStore, model: type[UserState]
    ) -> None:
        self._database = database
        self._documents = documents
        self._model = model
        self.cache = StateCache()

    async def read(self, user_id: str, wanted: int) -> UserState:
        """Raises StoreUnavailable, GuardFailed when the state has moved on since, StateUnusable."""
        cached = self.cache.get(user_id, wanted)
        return cached or await self._read(user_id, wanted)

    def waiting(self, user_id: str, document: str) -> UserState:
        """The state that SQL keeps until MongoDB has it, parsed. Raises StateUnreadable."""
        try:
            return self._model.model_validate_json(document)
        except ValidationError as error:
            raise StateUnreadable(user_id, kind_of(error), *IN_SQL) from error

    async def read_ahead(self, wanted: Mapping[str, int]) -> None:
        """Read the states with one query, for ``read``; ``wanted`` has each user's version."""
        # With less room the first states would be dropped before they are asked for.
        self.cache.keep_at_least(len(wanted))
        unread = [each for each, version in wanted.items() if not self.cache.get(each, version)]
        if not unread:
            return
        with self._documents.answering():
            async for document in self._documents[COLLECTION].find({"_id": {"$in": unread}}):
                if document.get("version") == wanted[document["_id"]]:
                    # An unreadable state is left out; ``read`` reports it when it is asked for.
                    with suppress(ValidationError):
                        self.cache.put(self._model.model_validate(document))

    async def _read(self, user_id: str, wanted: int) -> UserState:
        document = await self._documents.find(COLLECTION, user_id)
        version = 0 if document is None else document.get("version")
        if not isinstance(version, int):
            raise StateUnreadable(user_id, "its version is no number", *IN_MONGODB)
        if version < wanted and await self._stands(user_id, wanted):
            raise StateLost(
                f"MongoDB holds version {version} of user {user_id}, SQL has committed "
                f"{wanted}: restore the collection '{COLLECTION}' from its backup"
            )
        if version != wanted:
            raise GuardFailed(f"the state of user {user_id} has changed meanwhile")
        try:
            state = self._model.model_validate(document)
        except ValidationError as error:
            raise StateUnreadable(user_id, kind_of(error), *IN_MONGODB) from error
        self.cache.put(state)
        return state

    async def _stands(self, user_id: str, version: int) -> bool:
        """Whether the user is still at that version; if not, nothing is lost."""
        stored = await self._database.read(repository.find(user_id))
        return stored.state_version == version
