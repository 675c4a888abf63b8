"""An operator who types commands beside whatever works on a database."""

import asyncio
import json
from typing import Any

from tests.e2e.programs import NewProgram
from yabot.storage.relational.database import Database


class Operator:
    def __init__(self, new_program: NewProgram, database: Database, **settings: str) -> None:
        self._new_program = new_program
        self._settings = {**_settings(database), **settings}
        self._typed = 0

    async def types(self, *command: str) -> tuple[int | None, str, str]:
        """Exit code, standard output and what standard error says to people."""
        self._typed += 1
        program = self._new_program(*command, name=f"typed-{self._typed}", **self._settings)
        code = await asyncio.to_thread(program.run)
        return code, program.said, "\n".join(program.sentences)

    async def reads(self, *command: str) -> dict[str, Any]:
        code, said, told = await self.types(*command, "--json")
        assert code == 0, told
        answer: dict[str, Any] = json.loads(said)
        return answer


def _settings(database: Database) -> dict[str, str]:
    url = database.engine.url
    if url.drivername.startswith("sqlite"):
        return {"SQLITE_DATABASE_PATH": str(url.database)}
    return {"DATABASE_URL": url.render_as_string(hide_password=False)}
