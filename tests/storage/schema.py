"""What the stores hold of all features."""

from collections.abc import Iterator, Sequence

from alembic import command
from sqlalchemy import Engine, create_engine, inspect

from yabot.app.features import FEATURES
from yabot.app.stores import schema_of
from yabot.errors import SchemaMismatch
from yabot.feature import Feature, collections_of

COLLECTIONS = tuple(collections_of(FEATURES))
SCHEMA = schema_of(FEATURES)


def without_migrations(features: Sequence[Feature] = FEATURES) -> Iterator[str]:
    """A sentence for each feature that has tables, and nothing that makes them."""
    for each in features:
        if each.tables and not (each.migrations and list(each.migrations.glob("*.py"))):
            tables = " and ".join(table.name for table in each.tables)
            first = f"src/yabot/features/{each.name}/migrations/{each.name}_0001.py"
            yield f"no migration makes {tables}: write {first}, and name its folder in FEATURE"


def without_foundation(feature: Feature) -> Iterator[str]:
    """A sentence for each table that refers to one that need not be there yet when the feature's
    migrations run: SQLite does not mind, PostgreSQL refuses."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        command.upgrade(SCHEMA._config(connection), f"{feature.name}@head")
    there = inspect(engine)
    names = set(there.get_table_names())
    for table in feature.tables:
        for key in there.get_foreign_keys(table.name):
            if (other := key["referred_table"]) not in names:
                yield (
                    f"{table.name} refers to {other}, which may be made later: let the migration "
                    'say which revision makes it, as in depends_on = "users_0001"'
                )
    engine.dispose()


def differences(engine: Engine) -> Iterator[str]:
    """A sentence for what the migrations have made otherwise than the code has it."""
    try:
        SCHEMA.verify(engine)
    except SchemaMismatch as mismatch:
        lines = "\n".join(f"- {difference}" for difference in mismatch.differences)
        yield (
            f"the migrations do not make the tables that tables.py has:\n{lines}\n"
            "Write it in the migration too, or in a new one where that has been released."
        )
