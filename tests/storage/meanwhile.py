"""A database of which somebody reads twice, while others write: at the very moment between."""

from collections.abc import Awaitable, Callable
from typing import Any

from typing_extensions import override

from tests.storage.passing_on import PassingOn
from yabot.storage.relational.database import Database, Statement

Event = Callable[[], Awaitable[object]]


class Meanwhile(PassingOn):
    """Something happens behind one of its reads, before the reader has the answer."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._passed_over = 0
        self._event: Event | None = None
        # Reads that were begun.
        self.reads = 0

    def arm(self, event: Event, *, passing_over: int = 0) -> None:
        self._passed_over, self._event = passing_over, event

    @property
    def has_happened(self) -> bool:
        return self._event is None

    @override
    async def read(self, query: Statement[Any]) -> Any:
        self.reads += 1
        answer = await super().read(query)
        if (event := self._event) is not None:
            self._passed_over -= 1
            if self._passed_over < 0:
                self._event = None
                await event()
        return answer
