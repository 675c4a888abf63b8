"""Several processes of one bot on one PostgreSQL, and what they have made of their readers."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic, sleep
from typing import Any

from tests.e2e.invariants import UNFINISHED, verify
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import Reader, said_by_bot
from tests.outages.stores import PostgresStores
from tests.ports import free_port
from tests.storage.fixtures import PATIENCE_MS, new_commits
from tests.waiting import PATIENCE, wait_until
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.postgres import PostgresDatabase

Json = dict[str, Any]


class Fleet:
    def __init__(self, new_program: NewProgram, stores: PostgresStores, settings: dict[str, str]):
        self.stores = stores
        self._new_program = new_program
        self._settings = settings
        self._ports = [free_port() for _ in range(3)]
        self.bots: list[Program] = []
        self.workers: list[Program] = []

    @property
    def ports(self) -> list[int]:
        """Where the webhooks of the bots will listen."""
        return self._ports

    def deliver_to(self, port: int) -> None:
        """By webhook from now on, through what balances there."""
        self._settings["WEBHOOK_URL"] = f"http://127.0.0.1:{port}/telegram"

    @asynccontextmanager
    async def elsewhere(self) -> AsyncIterator[CommitLog]:
        """The log as a process has it that sends nothing."""
        database = PostgresDatabase(
            self._settings["DATABASE_URL"], pool_size=2, timeout_ms=PATIENCE_MS
        )
        await database.open()
        yield new_commits(database)
        await database.close()

    def launch(self) -> Program:
        """One more bot, which may not be ready."""
        number = len(self.bots)
        settings = self._settings | {"WEBHOOK_PORT": str(self._ports[number])}
        bot = self._run("bot", f"bot{number}", settings)
        bot.launch()
        self.bots.append(bot)
        return bot

    def start(self, bots: int) -> None:
        """So many bots, each of which has its share, and one worker."""
        # The first one makes the tables, and imports the story.
        self.launch()
        self.until_started()
        self.hire()
        for _ in range(1, bots):
            self.launch()
        self.until_started()
        self.until_shared_by(bots)

    def hire(self) -> Program:
        """One more worker, which may not be ready."""
        worker = self._run("worker", f"worker{len(self.workers)}", self._settings)
        worker.launch()
        self.workers.append(worker)
        return worker

    def offer(self, **settings: str) -> Program:
        """A process with the API's role alone, which is ready."""
        api = self._run("api", "api", {**self._settings, **settings})
        api.start()
        return api

    def _run(self, role: str, name: str, settings: dict[str, str]) -> Program:
        """With its own patience: by that whoever stands still lets go of what others wait for."""
        return self._new_program("run", "--role", role, name=name, patient=False, **settings)

    def until_started(self) -> None:
        wait_until(lambda: all(map(_has_started, self.bots)))

    def until_shared_by(self, processes: int, group: str = "bot") -> None:
        """Until so many processes have about the same number of the group's partitions."""

        def is_shared() -> bool:
            shares = Counter(self.owners(group))
            if None in shares or len(shares) != processes:
                return False
            return max(shares.values()) - min(shares.values()) <= 1

        wait_until(is_shared)

    def members(self) -> set[str]:
        """The processes that take part, or have ended without a word not long ago."""
        query = "SELECT member FROM group_members WHERE name = 'bot'"
        return {row["member"] for row in self.stores.rows(query)}

    def owners(self, group: str) -> list[str | None]:
        """Who has each partition; None while it changes hands."""
        query = "SELECT member FROM partition_owners WHERE name = ?"
        return [row["member"] for row in self.stores.rows(query, group)]

    def until_handled(self, updates: int) -> None:
        """Until so many updates have taken effect, whether or not their readers have heard."""
        query = "SELECT count(*) FROM updates WHERE state = 'done'"
        wait_until(lambda: self.stores.value(query) == updates)

    def settle(self, updates: int) -> None:
        """Wait until so many updates have come and nothing is left to do: it was done well."""
        self._until_settled(updates)
        self.verify()

    def _until_settled(self, updates: int) -> None:
        def waiting() -> dict[str, int]:
            stored = self.stores.value("SELECT count(*) FROM updates")
            found = {name: self.stores.value(query) for name, query in UNFINISHED.items()}
            return {"still to come": updates - stored} | found

        deadline = monotonic() + PATIENCE
        while any((left := waiting()).values()):
            assert monotonic() < deadline, f"after {PATIENCE} s: {left}"
            sleep(0.05)

    def until_heard(self, group: str) -> None:
        """Until all that has happened so far has taken effect on the group."""
        behind = (
            "SELECT count(*) FROM partitions JOIN group_positions USING (partition)"
            " WHERE name = ? AND pos < last_pos"
        )
        wait_until(lambda: not self.stores.value(behind, group))

    def verify(self) -> None:
        """Each update took effect once, and each user's in order."""
        verify(self.stores)
        for user_id in self.users():
            handled = self.handled(user_id)
            assert handled == sorted(handled)

    def users(self) -> list[int]:
        rows = self.stores.rows("SELECT DISTINCT user_id FROM updates WHERE user_id IS NOT NULL")
        return [int(row["user_id"]) for row in rows]

    def handled(self, user_id: int) -> list[int]:
        """The user's updates in the order in which they took effect."""
        query = (
            "SELECT envelope FROM outbox WHERE user_id = ? AND event_type = ?"
            " ORDER BY partition, pos"
        )
        rows = self.stores.rows(query, str(user_id), "operation_completed")
        causes = [json.loads(row["envelope"])["correlation_id"] for row in rows]
        return [int(cause.rpartition(":")[2]) for cause in causes]


def _has_started(program: Program) -> bool:
    assert program.exit_code(0) is None, f"it ended at start:\n{program.tail()}"
    return bool(program.logged("yabot.started"))


def numbers(program: Program, event: str) -> set[int]:
    """The updates of which the program's log tells this."""
    return {line["update_id"] for line in program.logged(event)}


async def answers_to(found: list[Reader]) -> list[int]:
    """How many messages each reader has had."""
    return [len(said_by_bot(await reader.chat())) for reader in found]
