"""Migrates the tables to this version, and compares them with it.

The log and each feature have their own migrations, as branches of one Alembic history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any
from warnings import catch_warnings, filterwarnings

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from yabot.error_text import kind_of
from yabot.errors import SchemaMismatch, StartupError
from yabot.storage.relational.database import store_errors, take_time
from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.numbering import sequences_behind

HOME = Path(__file__).parent / "migrations"
# Any number will do, as long as every process takes the same one.
ADVISORY_LOCK = 0x7AB07
# PostgreSQL: the user lacks a right.
MAY_NOT = "42501"
# PostgreSQL: the only encoding in which any name and text can be kept.
ENCODING = "UTF8"
ANOTHER_VERSION = (
    "the database was written by another version of YABOT; start that version, or restore the "
    "backup made before it"
)

CHANGED_SINCE = (
    "Tables were changed by hand, or a migration after it had run here: undo that, or restore a "
    "backup. Whoever is still writing that migration starts with an empty database: another "
    "YABOT_DATA_DIR, or DATABASE_URL."
)


@dataclass(frozen=True)
class Schema:
    """The tables of this version, and the folders of the migrations that make them."""

    tables: tuple[Table, ...]
    migrations: tuple[Path, ...]

    def upgrade(self, engine: Engine) -> None:
        """Run the missing migrations, one process at a time.

        Raises StoreUnavailable, and StartupError when a migration cannot be run; then nothing has
        taken effect.
        """
        with store_errors("SQL"), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # A migration may take long, and so may waiting for another process's migration.
                connection.execute(text("SET LOCAL lock_timeout = 0"))
            take_time(connection)
            _require_encoding(connection)
            one_process_at_a_time(connection)
            try:
                command.upgrade(self._config(connection), "heads")
            except CommandError as error:
                raise StartupError(ANOTHER_VERSION) from error
            except DBAPIError as error:
                if error.connection_invalidated:
                    # The connection has broken: that is no refusal.
                    raise
                raise StartupError(self._refusal(error, connection)) from error

    def examine(self, engine: Engine) -> bool:
        """Whether the tables are those of this version; False when ``upgrade`` will bring them.

        Changes nothing. Raises StoreUnavailable; StartupError and SchemaMismatch if a start would.
        """
        if not self.is_current(engine):
            return False
        self.verify(engine)
        return True

    def is_current(self, engine: Engine) -> bool:
        """Whether no migration is missing; the tables themselves are not looked at.

        Changes nothing. Raises StoreUnavailable, and StartupError when a newer version has run
        migrations that are unknown here, or the database cannot hold every text.
        """
        with store_errors("SQL"), engine.connect() as connection:
            _require_encoding(connection)
            script = ScriptDirectory.from_config(self._config(connection))
            current = set(MigrationContext.configure(connection).get_current_heads())
        if not current <= {revision.revision for revision in script.walk_revisions()}:
            raise StartupError(ANOTHER_VERSION)
        return current == set(script.get_heads())

    def verify(self, engine: Engine) -> None:
        """Raises SchemaMismatch with each difference between the tables and this version, and
        StoreUnavailable.
        """
        with store_errors("SQL"), engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={"include_object": self._is_ours, "compare_type": True},
            )
            with catch_warnings():
                # SQLite does not tell the expression of an index, so these are not compared there.
                filterwarnings("ignore", ".*expression-based index")
                found = [_describe(entry) for entry in compare_metadata(context, metadata)]
            if found:
                raise SchemaMismatch("SQL", found, CHANGED_SINCE)
            if behind := [*sequences_behind(connection, self.tables)]:
                raise SchemaMismatch("SQL", behind)

    def _refusal(self, error: DBAPIError, connection: Connection) -> str:
        """One sentence: the error, its migration, and for a missing right how to grant it."""
        running = self._running(error)
        at = f" (at {running})" if running else ""
        mend = ""
        if getattr(error.orig, "sqlstate", None) == MAY_NOT:
            schema = connection.dialect.default_schema_name or "public"
            mend = (
                "; the user of DATABASE_URL may not create tables, or change those of another: "
                f"GRANT CREATE ON SCHEMA {schema} TO that user, and make it their owner"
            )
        return f"SQL refuses to bring the tables to this version{at}: {kind_of(error)}{mend}"

    def _running(self, error: DBAPIError) -> str | None:
        """The revision that was running, by its file's name; None before the first."""
        files = (Path(frame.filename) for frame in extract_tb(error.__traceback__))
        return next((file.stem for file in files if file.parent in self.migrations), None)

    def _config(self, connection: Connection) -> Config:
        config = Config()
        config.set_main_option("script_location", _literally(HOME))
        # Paths hardly ever contain a newline.
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", "\n".join(map(_literally, self.migrations)))
        config.attributes.update(connection=connection, metadata=metadata)
        return config

    def _is_ours(
        self, item: Any, name: str | None, kind: str, _reflected: bool, _other: object
    ) -> bool:
        table = name if kind == "table" else item.table.name
        return table in {ours.name for ours in self.tables}


def _literally(path: Path) -> str:
    """Escaped for an option of Alembic, in which % would refer to another option."""
    return str(path).replace("%", "%%")


def one_process_at_a_time(connection: Connection) -> None:
    """Exclude other callers until the transaction ends; SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))


def _require_encoding(connection: Connection) -> None:
    """Raises StartupError."""
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != ENCODING:
        raise StartupError(
            f"DATABASE_URL: the database has the encoding {encoding}, in which not every reader's "
            "name can be kept; make one with CREATE DATABASE … TEMPLATE template0 ENCODING "
            f"'{ENCODING}', load a dump of this one if there is anything in it, and name that"
        )


def _describe(entry: Any) -> str:
    """One line for a tuple of Alembic's, or for its list of changes to one column."""
    if isinstance(entry, list):
        return "; ".join(_describe(part) for part in entry)
    kind, *details = entry
    return f"{kind.replace('_', ' ')}: {_names(details)}"


def _names(details: Sequence[Any]) -> str:
    named = [getattr(detail, "name", None) or detail for detail in details]
    return " ".join(str(name) for name in named if isinstance(name, str) or not _is_noise(name))


def _is_noise(detail: Any) -> bool:
    return detail is None or isinstance(detail, dict)
