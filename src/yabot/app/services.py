"""The features' services for a command: beside a running program, or without one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from yabot.app.assembly import build_services
from yabot.app.stores import connect_database, open_database, open_documents
from yabot.feature import Feature, Services
from yabot.settings import Settings


@asynccontextmanager
async def open_services(settings: Settings, features: Sequence[Feature]) -> AsyncIterator[Services]:
    """On the stores as the settings name them, the tables brought to this version.

    What is committed here is SQL's: a running program brings it to the other stores within half a
    minute, and without one the next that starts does. Raises StoreUnavailable, SchemaMismatch,
    StartupError, ConfigurationError.
    """
    settings.sql.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        database = open_database(settings)
        stack.push_async_callback(database.close)
        await connect_database(database, settings, features)
        yield build_services(
            features,
            database,
            await stack.enter_async_context(open_documents(settings)),
            settings.bus_partitions,
            settings.admin_user_ids,
            data_dir=settings.data_dir,
            support_contact=settings.support_contact,
            legacy_store=settings.legacy_db_path,
        )
