"""The partitions of the log: their number is the database's, and never changes."""

from sqlalchemy import Connection, func, insert, select

from yabot.errors import ConfigurationError
from yabot.log.tables import partitions
from yabot.storage.relational.schema import one_process_at_a_time


def ensure_partitions(connection: Connection, count: int) -> None:
    """Make the partitions on the first start; raises ConfigurationError when the number differs."""
    one_process_at_a_time(connection)
    stored = connection.execute(select(func.count()).select_from(partitions)).scalar_one()
    if stored == 0:
        rows = [{"partition": n, "last_pos": 0, "published_pos": 0} for n in range(count)]
        connection.execute(insert(partitions), rows)
    else:
        _require(stored, count)


def require_partitions(connection: Connection, count: int) -> None:
    """Raises ConfigurationError when the database was made with another number."""
    _require(connection.execute(select(func.count()).select_from(partitions)).scalar_one(), count)


def _require(stored: int, count: int) -> None:
    if stored != count:
        raise ConfigurationError(
            [
                f"BUS_PARTITIONS: is {count}, but the database was made with {stored}; "
                f"set BUS_PARTITIONS={stored}"
            ]
        )
