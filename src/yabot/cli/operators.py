"""What an operator changes from the command line: a cause like any other, with who did it."""

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from yabot.cli.sql import existing_database
from yabot.events.catalog import Catalog
from yabot.log.commit_log import CommitLog, Decision
from yabot.log.unit_of_work import Cause
from yabot.settings import Settings
from yabot.storage.relational.database import Database

T = TypeVar("T")

CONSUMER = "command line"


class Operator:
    """Whoever types commands, beside a running program or without one."""

    def __init__(self, database: Database, partitions: int) -> None:
        self.database = database
        # For the audit.
        self.name = operator_name()
        # No event is published from here.
        self._commits = CommitLog(database, Catalog([]), partitions)

    async def decide(self, decision: Decision[T]) -> T:
        """What ``decision`` gives, committed with what it wants.

        Raises what it raises, GuardFailed, StoreUnavailable.
        """
        cause = Cause.of_its_own(CONSUMER, "command")
        return (await self._commits.decide(cause, decision)).answer


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Operator]:
    """On the database that is there. Raises StoreUnavailable, StartupError when there is none."""
    async with existing_database(settings) as database:
        yield Operator(database, settings.bus_partitions)


def operator_name() -> str:
    try:
        return f"command line, {getpass.getuser()}"
    except (KeyError, OSError):  # in a container the user may have no name
        return "command line"
