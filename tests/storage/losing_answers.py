"""A database that has done what it was asked to, and whose answer never arrives."""

from typing import Any

from typing_extensions import override

from tests.storage.passing_on import PassingOn
from yabot.errors import StoreUnavailable
from yabot.storage.relational.database import Statement


class LosingAnswers(PassingOn):
    """The next write of one that is ``losing`` succeeds, and its answer is lost on the way."""

    losing = False

    @override
    async def write(self, work: Statement[Any]) -> Any:
        losing, self.losing = self.losing, False
        result = await super().write(work)
        if losing:
            raise StoreUnavailable(
                self.gate.store, "the connection was lost before the answer came"
            )
        return result
