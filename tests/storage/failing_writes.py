"""A database that breaks the connection before it has done what it was asked to."""

from typing import Any

from typing_extensions import override

from tests.storage.passing_on import PassingOn
from yabot.errors import StoreUnavailable
from yabot.storage.relational.database import Database, Statement


class FailingWrites(PassingOn):
    """One of its writes fails, and nothing of it has happened: the connection broke, or with that
    ``error``.
    """

    def __init__(self, database: Database, error: Exception | None = None) -> None:
        super().__init__(database)
        self._error = error or StoreUnavailable(self.gate.store, "the connection broke")
        # Writes that are still to succeed; None: all.
        self._left: int | None = None

    def fail(self, *, behind: int = 0) -> None:
        """Of the next writes so many succeed, and the one behind them fails."""
        self._left = behind

    @property
    def has_failed(self) -> bool:
        return self._left is None

    @override
    async def write(self, work: Statement[Any]) -> Any:
        if self._left is not None:
            self._left = self._left - 1 if self._left else None
            if self._left is None:
                raise self._error
        return await super().write(work)
