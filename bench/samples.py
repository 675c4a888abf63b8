"""What the program wrote for one cause: the baseline writes the same, byte for byte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from bench.program import Program
from yabot.bot.tables import updates
from yabot.features.users.states import COLLECTION
from yabot.features.users.tables import user_profiles
from yabot.log.tables import outbox, outgoing, receipts, user_counters

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    rows: Mapping[str, Sequence[Row]]
    document: Row

    @property
    def envelopes(self) -> list[str]:
        return [row["envelope"] for row in self.rows["outbox"]]


async def take_sample(program: Program, user_id: str, cause_id: str) -> Sample:
    """Rows as SQLite keeps them, without the numbers that are given in writing them."""
    queries = _queries(user_id, cause_id)

    def read(connection: Connection) -> dict[str, list[Row]]:
        return {table.name: _rows(connection, query) for table, query in queries.items()}

    document = await program.stores.documents.find(COLLECTION, user_id)
    assert document is not None
    return Sample(await program.stores.database.read(read), dict(document))


def _queries(user_id: str, cause_id: str) -> dict[Table, Select[Any]]:
    update_id = cause_id.rsplit(":", 1)[-1]
    conditions = {
        updates: updates.c.update_id == (int(update_id) if update_id.isdigit() else 0),
        receipts: receipts.c.cause_id == cause_id,
        user_counters: user_counters.c.user_id == user_id,
        user_profiles: user_profiles.c.user_id == user_id,
        outbox: outbox.c.envelope.contains(f'"causation_id":"{cause_id}"'),
        outgoing: outgoing.c.cause_id.endswith(f":{cause_id}", autoescape=True),
    }
    return {table: select(table).where(condition) for table, condition in conditions.items()}


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    """Straight from the driver: times as the texts that are stored."""
    text = query.compile(connection, compile_kwargs={"literal_binds": True})
    found = connection.exec_driver_sql(str(text)).mappings()
    return [{name: row[name] for name in row if name not in ("id", "pos")} for row in found]
