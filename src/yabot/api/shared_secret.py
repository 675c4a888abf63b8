"""The program's own secrets, which need no configuration."""

import secrets

from sqlalchemy import Connection, bindparam, select

from yabot.api.tables import api_secrets
from yabot.storage.relational.database import Database, Statement, insert_new

BYTES = 32

_value = select(api_secrets.c.value).where(api_secrets.c.name == bindparam("which"))


class SharedSecret:
    """Random bytes that all instances share and restarts keep, made when first needed."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._found: bytes | None = None

    async def get(self) -> bytes:
        """Raises StoreUnavailable."""
        if self._found is None:
            value = await self._database.read(_find(self._name))
            if value is None:
                value = await self._database.write(_make(self._name))
            self._found = bytes.fromhex(value)
        return self._found


def _find(name: str) -> Statement[str | None]:
    return lambda connection: connection.execute(_value, {"which": name}).scalar()


def _make(name: str) -> Statement[str]:
    """If two instances make it at once, both get the one that was stored first."""
    row = {"name": name, "value": secrets.token_hex(BYTES)}

    def make(connection: Connection) -> str:
        connection.execute(insert_new(connection, api_secrets), row)
        return str(connection.execute(_value, {"which": name}).scalar_one())

    return make
