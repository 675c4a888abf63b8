"""Which failures a decision waits out, however long that takes; every other is its caller's."""

from collections.abc import Callable

from yabot.errors import LeaseLost, StoreUnavailable, TransientError

SQL = ("SQLite", "PostgreSQL")

WaitsOut = Callable[[TransientError], bool]


def nothing(_failure: TransientError) -> bool:
    """Wait for no failure."""
    return False


def outage_of_sql(failure: TransientError) -> bool:
    """Wait only while SQL is away."""
    return isinstance(failure, StoreUnavailable) and failure.store in SQL


def whatever_passes(failure: TransientError) -> bool:
    """Wait for every transient failure except a lost lease."""
    return not isinstance(failure, LeaseLost)
