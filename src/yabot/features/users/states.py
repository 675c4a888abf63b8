"""A user's document in MongoDB, at the very version that SQL names."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from yabot.error_text import kind_of
from yabot.errors import GuardFailed, TerminalError
from yabot.features.users import repository
from yabot.features.users.cache import StateCache
from yabot.features.users.model import UserState
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

COLLECTION = "users"


MEND = f"restore the collection '{COLLECTION}' from its backup"


class StateLost(TerminalError):
    """MongoDB does not hold a state that SQL says was applied, or none that can be read."""

    code = "state_lost"


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
        """Raises StoreUnavailable, GuardFailed when it has moved on since, StateLost."""
        cached = self.cache.get(user_id, wanted)
        return cached or await self._read(user_id, wanted)

    async def read_ahead(self, wanted: Mapping[str, int]) -> None:
        """Let ``read`` remember those of these users who are at these versions, by one question."""
        # Were there room for fewer, the first would be gone before they are asked for.
        self.cache.keep_at_least(len(wanted))
        unread = [each for each, version in wanted.items() if not self.cache.get(each, version)]
        if not unread:
            return
        with self._documents.answering():
            async for document in self._documents[COLLECTION].find({"_id": {"$in": unread}}):
                if _version(document) == wanted[document["_id"]]:
                    # Of one that cannot be read, whoever asks for it is told.
                    with suppress(ValidationError):
                        self.cache.put(self._model.model_validate(document))

    async def _read(self, user_id: str, wanted: int) -> UserState:
        document = await self._documents.find(COLLECTION, user_id)
        version = 0 if document is None else _version(document)
        if version < wanted and await self._stands(user_id, wanted):
            raise StateLost(
                f"MongoDB holds version {version} of user {user_id}, SQL has committed "
                f"{wanted}: {MEND}"
            )
        if version != wanted:
            raise GuardFailed(f"the state of user {user_id} has changed meanwhile")
        try:
            state = self._model.model_validate(document)
        except ValidationError as error:
            raise StateLost(
                f"MongoDB holds what is no state of user {user_id} ({kind_of(error)}): {MEND}"
            ) from error
        self.cache.put(state)
        return state

    async def _stands(self, user_id: str, version: int) -> bool:
        """Whether the user is still at the version that was read: else it is nobody's loss."""
        stored = await self._database.read(repository.find(user_id))
        return stored.state_version == version


def _version(document: Mapping[str, Any]) -> int:
    """0 where somebody has put something else in its place."""
    version = document.get("version")
    return version if isinstance(version, int) else 0
