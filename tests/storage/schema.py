"""What the stores hold of all features."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Engine

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
