"""The watch over each store: how it is reached, and what happens when it is lost or back."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from yabot.app.stores import (
    Stores,
    connect_database,
    connect_documents,
    schema_of,
    verify_database,
)
from yabot.bus.connection import ping_redis
from yabot.errors import StartupError
from yabot.feature import Feature, Services, collections_of
from yabot.log.heartbeat import ping_database
from yabot.log.incidents import Incidents, StoreLost, StoreRestored
from yabot.observability.health import Health, Status
from yabot.observability.metrics import STORE_DOWNTIME, STORE_UP
from yabot.runtime.watch import PING_SECONDS, Gate, StoreWatch
from yabot.settings import Settings
from yabot.storage.documents.model import Collection
from yabot.storage.documents.store import DocumentStore


def build_watches(
    stores: Stores, services: Services, settings: Settings, features: Sequence[Feature]
) -> dict[str, StoreWatch]:
    """Watches by the component's name in ``/health/ready``."""

    async def ping() -> None:
        await ping_redis(stores.redis)

    return {
        "sql": _watch_sql(stores, settings, features),
        "mongodb": _watch_mongodb(stores, services, features),
        "redis": StoreWatch(Gate("Redis"), ping, ping),
    }


def _watch_sql(stores: Stores, settings: Settings, features: Sequence[Feature]) -> StoreWatch:
    database = stores.database
    tables = schema_of(features).tables

    async def connect() -> None:
        await connect_database(database, settings, features)

    async def verify() -> None:
        if not await verify_database(database.engine, settings, features):
            raise StartupError(
                "SQL has come back with the tables of an earlier version; start YABOT again, which "
                "brings them to this one"
            )

    async def touch() -> None:
        await ping_database(database, tables)

    return StoreWatch(database.gate, connect, touch, verify)


def _watch_mongodb(stores: Stores, services: Services, features: Sequence[Feature]) -> StoreWatch:
    documents = stores.documents
    ping = partial(ping_documents, documents, collections_of(features))

    async def verify() -> None:
        await connect_documents(documents, features, gives_way=True)

    async def connect() -> None:
        await connect_documents(documents, features)
        for feature in features:
            if feature.prepare is not None:
                await feature.prepare(services)

    return StoreWatch(documents.gate, connect, ping, verify)


async def ping_documents(documents: DocumentStore, collections: Sequence[Collection] = ()) -> None:
    """Raises as ``DocumentStore.ping``, before the watch would time out without a reason."""
    await documents.ping(PING_SECONDS * 0.9, collections)


async def start_watches(watches: Mapping[str, StoreWatch], seconds: float) -> None:
    """Start SQL's watch first: what features prepare in other stores may need the tables it
    creates.

    Raises the first error of a watch.
    """
    await watches["sql"].start(seconds)
    starts = (watch.start(seconds) for name, watch in watches.items() if name != "sql")
    # Raised only after all have ended: a connection under way would be left open.
    for refusal in filter(None, await asyncio.gather(*starts, return_exceptions=True)):
        raise refusal


def report_to(health: Health, incidents: Incidents, component: str, watch: StoreWatch) -> None:
    """Report to health and events. Without SQL no update is taken in; without others less works."""
    trouble: Status = "failed" if component == "sql" else "degraded"

    def lost(reason: str) -> None:
        STORE_UP.labels(component).set(0)
        health.report(component, trouble, reason)
        incidents.report(StoreLost(store=component))

    def restored(downtime: float) -> None:
        STORE_UP.labels(component).set(1)
        STORE_DOWNTIME.labels(component).inc(downtime)
        health.report(component, "ok")
        incidents.report(StoreRestored(store=component, downtime_s=round(downtime, 3)))

    health.report(component, "ok")
    STORE_UP.labels(component).set(1)
    watch.on_lost.append(lost)
    watch.on_changed.append(lambda reason: health.report(component, trouble, reason))
    watch.on_restored.append(restored)
