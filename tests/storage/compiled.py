"""A pytest plugin: what SQLAlchemy has compiled for a test's database is there for the next one's.

Each engine keeps its own, and a test has engines of its own: it would compile all its statements,
which takes longer than to run them. A program has one database, and compiles each once anyway.
Those that were not used for long are forgotten, as SQLAlchemy does it.
"""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

MOST = 1000


class _OfAllEngines(LRUCache[tuple[Any, ...], Any]):
    """By statement and what it is compiled for, without the engine's dialect, which comes first."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__(key[1:], compiled)


# By the dialect's name.
_compiled: dict[str, _OfAllEngines] = defaultdict(lambda: _OfAllEngines(MOST))


def pytest_configure() -> None:
    event.listen(Engine, "engine_connect", _share)


def pytest_unconfigure() -> None:
    event.remove(Engine, "engine_connect", _share)


def _share(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_compiled[connection.dialect.name])
