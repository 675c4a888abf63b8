"""Opens the features' services for a command, whether or not a program runs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from yabot.app.assembly import build_services, state_collection
from yabot.app.stores import connect_database, connect_documents, open_database, open_documents
from yabot.feature import Feature, Services
from yabot.log.document_follower import DocumentFollower
from yabot.settings import Settings


@asynccontextmanager
async def open_services(settings: Settings, features: Sequence[Feature]) -> AsyncIterator[Services]:
    """Services on the stores that the settings name; brings the tables to this version.

    A commit here only reaches SQL: a running program brings it to the other stores within half a
    minute, or else the next program that starts. Raises StoreUnavailable, SchemaMismatch,
    StartupError, ConfigurationError.
    """
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


# Seconds for the documents at the end; the next program brings what is left.
CATCH_UP = 10.0


@asynccontextmanager
async def following_documents(
    services: Services, features: Sequence[Feature]
) -> AsyncIterator[None]:
    """During the block, bring what is committed here to MongoDB, whether or not a program runs.

    Raises StoreUnavailable, SchemaMismatch, StartupError.
    """
    await connect_documents(services.documents, features)
    follower = DocumentFollower(services.database, services.documents, *state_collection(features))
    commits = services.commits
    commits.followers.append(follower.notice)
    commits.on_untold.append(follower.look_again)
    follower.loop.start()
    try:
        yield
    finally:
        await commits.finish(CATCH_UP)
        await follower.loop.finish(CATCH_UP)
