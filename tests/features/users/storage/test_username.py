"""A reader is found by their username without a look at everybody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from tests.features.users.storage.world import World, ana
from tests.storage.fixtures import NewDatabase
from tests.storage.schema import SCHEMA
from yabot.features.users import repository
from yabot.features.users.contact import Contact

INDEX = "ix_user_profiles_lower_username"


@pytest.fixture
def engine(new_database: NewDatabase) -> Iterator[Engine]:
    engine = new_database(pool_size=1).engine
    yield engine
    engine.dispose()


async def test_whoever_was_seen_last_under_a_name_is_found_in_any_case(world: World) -> None:
    await world.register("one", ana(id="8", username="Lucia_A"))
    await world.register("two", ana(id="9", username="lucia_a"))
    found = await world.users.find_by_username("LUCIA_a")
    assert found is not None
    assert found.user_id == "9"
    assert await world.users.find_by_username("lucia") is None


async def test_whom_a_service_has_registered_since_then_has_the_name(world: World) -> None:
    await world.register("one", ana(id="8", username="lucia"))
    await world.decide(
        "two", lambda work: world.users.register(work, Contact.of(ana(id="9", username="lucia")))
    )
    found = await world.users.find_by_username("lucia")
    assert found is not None
    assert found.user_id == "9"


def test_the_index_is_used(engine: Engine) -> None:
    with engine.begin() as connection:
        assert INDEX in plan_of_search(connection)


def test_a_database_of_an_earlier_version_gets_it(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP INDEX {INDEX}")
        # Of the version before, other branches tell: they depend on it.
        connection.exec_driver_sql("DELETE FROM alembic_version WHERE version_num = 'users_0002'")
        assert INDEX not in plan_of_search(connection)
    SCHEMA.upgrade(engine)
    SCHEMA.verify(engine)
    with engine.begin() as connection:
        assert INDEX in plan_of_search(connection)


def plan_of_search(connection: Connection) -> str:
    """As the database explains the very statement that the search runs."""
    ran: list[tuple[str, Any]] = []
    event.listen(
        connection,
        "before_cursor_execute",
        lambda _c, _cursor, text, values, *_: ran.append((text, values)),
    )
    repository.find_by_username("Ana")(connection)
    (statement, values), *_ = ran
    if connection.dialect.name == "postgresql":
        # With so few rows it would read them all.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN"
    else:
        explain = "EXPLAIN QUERY PLAN"
    rows = connection.exec_driver_sql(f"{explain} {statement}", values)
    return "\n".join(str(row) for row in rows)
