"""Changes by an operator on the command line: a cause like any other, with the operator's name."""

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
    """The person who types a command, whether or not a program runs."""

    def __init__(self, database: Database, partitions: int) -> None:
        self.database = database
        # The name for the audit.
        self.name = operator_name()
        # No event is published from here.
        self._commits = CommitLog(database, Catalog([]), partitions)

    async def decide(self, decision: Decision[T]) -> T:
        """The result of ``decision``, committed with its effects.

        Raises what ``decision`` raises, GuardFailed, StoreUnavailable.
        """
        cause = Cause.of_its_own(CONSUMER, "command")
        return (await self._commits.decide(cause, decision)).answer


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Operator]:
    """An operator on the existing database. Raises StoreUnavailable, StartupError without one."""
    async with existing_database(settings) as database:
        yield Operator(database, settings.bus_partitions)


def operator_name() -> str:
    try:
        return f"command line, {getpass.getuser()}"
    except (KeyError, OSError):  # in a container the user may have no name
        return "command line"
