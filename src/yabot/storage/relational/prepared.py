"""Statements of the hot path: compiled once for each dialect, then handed to the driver as text.

SQLAlchemy looks every statement up by its structure and wraps every result: 20 of the 31 µs that a
small INSERT takes in SQLite.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select
from sqlalchemy.engine import CursorResult
from sqlalchemy.sql import ClauseElement

Values = Mapping[str, Any]
_Process = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    text: str
    # The names of the parameters in their order; None where the driver takes them by name.
    order: Sequence[str] | None
    # Those that the statement brings itself.
    constants: Values
    outgoing: Mapping[str, _Process]
    incoming: Sequence[_Process | None]

    def bind(self, values: Values) -> Any:
        if self.outgoing or self.constants:
            processed = {name: process(values[name]) for name, process in self.outgoing.items()}
            values = {**self.constants, **values, **processed}
        return values if self.order is None else tuple(values[name] for name in self.order)


class Prepared:
    """``statement`` takes all its values as parameters, always the same ones."""

    def __init__(self, statement: ClauseElement | Callable[[Connection], ClauseElement]) -> None:
        """A callable makes it for the dialect of the connection."""
        self._statement = statement
        self._plans: dict[str, _Plan] = {}

    def run(self, connection: Connection, values: Values) -> int:
        """How many rows it has changed."""
        return self._execute(connection, values).rowcount

    def run_many(self, connection: Connection, rows: Sequence[Values]) -> None:
        plan = self._plan(connection, rows[0])
        connection.exec_driver_sql(plan.text, [plan.bind(row) for row in rows])

    def first(self, connection: Connection, values: Values) -> tuple[Any, ...] | None:
        """The first of the rows that it returns."""
        plan = self._plan(connection, values)
        found = self._execute(connection, values).first()
        if found is None:
            return None
        return tuple(
            value if process is None else process(value)
            for value, process in zip(found, plan.incoming, strict=True)
        )

    def _execute(self, connection: Connection, values: Values) -> CursorResult[Any]:
        plan = self._plan(connection, values)
        return connection.exec_driver_sql(plan.text, plan.bind(values))

    def _plan(self, connection: Connection, values: Values) -> _Plan:
        plan = self._plans.get(connection.dialect.name)
        if plan is None:
            statement = self._statement
            if callable(statement):
                statement = statement(connection)
            plan = self._plans[connection.dialect.name] = _plan(
                statement, connection.dialect, values
            )
        return plan


def _plan(statement: ClauseElement, dialect: Dialect, values: Values) -> _Plan:
    columns = list(values) if isinstance(statement, Insert) else None
    compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
    processes = {
        name: process
        for name, bind in compiled.binds.items()
        if (process := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    constants = {
        name: processes[name](value) if name in processes else value
        for name, value in compiled.params.items()
        if name not in values
    }
    return _Plan(
        text=str(compiled),
        order=compiled.positiontup,
        constants=constants,
        outgoing={name: processes[name] for name in processes.keys() & values.keys()},
        incoming=_incoming(statement, dialect),
    )


def _incoming(statement: Any, dialect: Dialect) -> list[_Process | None]:
    returned = (
        statement.selected_columns if isinstance(statement, Select) else statement.exported_columns
    )
    return [
        column.type.dialect_impl(dialect).result_processor(dialect, None) for column in returned
    ]
