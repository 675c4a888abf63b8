"""Commands work on the tables of their own version, and leave all others alone."""

import pytest
from sqlalchemy import text

from tests.cli.operator import Operator
from tests.e2e.programs import NewProgram
from tests.log.test_retention import executing
from yabot.app.features import FEATURES
from yabot.app.stores import schema_of
from yabot.cli.sql import migrations
from yabot.storage.relational.database import Database

COMMANDS = [
    ("service", "list"),
    ("groups", "list"),
    ("workflows", "list"),
    ("dlq", "list"),
    ("audit", "ledger"),
]


@pytest.fixture
def operator(new_program: NewProgram, database: Database) -> Operator:
    return Operator(new_program, database)


async def test_tables_of_an_older_version_are_told_what_to_do(
    operator: Operator, database: Database
) -> None:
    await database.write(executing(text("DROP TABLE api_service_keys")))
    await database.write(executing(text("DROP TABLE group_stops")))
    older = "UPDATE alembic_version SET version_num = 'log_0001' WHERE version_num LIKE 'log_%'"
    await database.write(executing(text(older)))
    for command in COMMANDS:
        told = f"{database.gate.store} does not have the tables of this version; `yabot db upgrade`"
        assert await operator.types(*command) == (1, "", f"{told} brings them")


async def test_a_newer_version_s_database_is_left_alone(
    operator: Operator, database: Database
) -> None:
    newer = "UPDATE alembic_version SET version_num = 'log_9999' WHERE version_num LIKE 'log_%'"
    await database.write(executing(text(newer)))
    for command in (*COMMANDS, ("groups", "go-on", "rewards")):
        code, said, told = await operator.types(*command)
        assert (code, said) == (1, "")
        assert told.startswith("the database was written by another version of YABOT; ")


def test_the_migrations_are_those_of_all_features() -> None:
    assert set(migrations()) == set(schema_of(FEATURES).migrations)
