"""Whether PostgreSQL's sequences are beyond the row numbers that are in use.

A sequence is behind where rows were brought without it: by logical replication, say, or by half of
a backup. Each new row then gets the number of an existing one.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Table, func, literal_column, select


def sequences_behind(connection: Connection, tables: Iterable[Table]) -> Iterator[str]:
    """A line, with the mend, for each sequence that is behind, if we may read the sequence."""
    if connection.dialect.name != "postgresql":
        return
    for each in tables:
        if (column := each.autoincrement_column) is None:
            continue
        sequence = connection.scalar(select(func.pg_get_serial_sequence(each.name, column.name)))
        if sequence is None or not _may_read(connection, sequence):
            continue
        # PostgreSQL has quoted the sequence's name where that is needed.
        following = f"(SELECT last_value + is_called::int FROM {sequence})"  # noqa: S608
        if connection.scalar(select(func.max(column) >= literal_column(following))):
            mend = f"setval('{sequence}', max({column.name})) FROM {each.name}"
            yield f"sequence {sequence} is behind the rows that it numbers: SELECT {mend}"


def _may_read(connection: Connection, sequence: str) -> bool:
    return bool(connection.scalar(select(func.has_sequence_privilege(sequence, "SELECT"))))
