"""`yabot legacy …`, as an operator types it beside a bot that runs, or does not."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.features.legacy.old_bot import OldBot

Json = dict[str, Any]


@dataclass(frozen=True)
class Office:
    """``bot`` need not run; the commands have its stores, its data directory and its old store."""

    new_program: NewProgram
    bot: Program
    old: OldBot
    settings: Mapping[str, str]

    def command(self, *arguments: object) -> Program:
        told = {**self.settings, "YABOT_DATA_DIR": str(self.bot.data)}
        told |= {"LEGACY_DB_PATH": str(self.old.path)}
        program = self.new_program("legacy", *map(str, arguments), name="command", **told)
        for name in ("out", "err"):
            (program.folder / name).unlink(missing_ok=True)
        return program

    def run(self, *arguments: object, code: int = 0) -> Program:
        program = self.command(*arguments)
        assert program.run() == code, program.errors + program.said
        return program

    def told(self, *arguments: object, code: int = 0) -> Json:
        found: Json = json.loads(self.run(*arguments, "--json", code=code).lines[-1])
        return found

    async def typed(self, *arguments: object, code: int = 0) -> Json:
        """While readers play."""
        return await asyncio.to_thread(lambda: self.told(*arguments, code=code))

    @property
    def phase(self) -> str | None:
        query = "SELECT phase FROM legacy_migrations ORDER BY number DESC LIMIT 1"
        found: str | None = self.bot.stores.value(query)
        return found

    def balance(self, user_id: int) -> int:
        query = "SELECT balance FROM accounts WHERE user_id = ?"
        return int(self.bot.stores.value(query, str(user_id)) or 0)

    def kisses(self, user_id: int) -> int:
        """As the old bot reads them."""
        return int(self.old.get_user_profile(user_id)["kisses"])


def office(new_program: NewProgram, settings: Mapping[str, str], old: Path, **more: str) -> Office:
    bot = new_program(**settings, LEGACY_DB_PATH=str(old), **more)
    return Office(new_program, bot, OldBot(old), settings)
