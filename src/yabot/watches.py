"""The watch over each store: how it is reached, and who hears when it is lost or back."""

from collections.abc import Sequence

from yabot.bus.connection import ping_redis
from yabot.feature import Feature, Services
from yabot.observability.health import Health, Status
from yabot.observability.metrics import STORE_DOWNTIME, STORE_UP
from yabot.runtime.watch import Gate, StoreWatch
from yabot.settings import Settings
from yabot.storage.heartbeat import ping_database
from yabot.storage.incidents import Incidents, StoreLost, StoreRestored
from yabot.stores import Stores, connect_database, connect_documents


def build_watches(
    stores: Stores, services: Services, settings: Settings, features: Sequence[Feature]
) -> dict[str, StoreWatch]:
    """By the name of the component that ``/health/ready`` shows."""

    async def connect_sql() -> None:
        await connect_database(stores.database, settings, features)

    async def connect_mongodb() -> None:
        await connect_documents(stores.documents, features)
        for feature in features:
            if feature.prepare is not None:
                await feature.prepare(services)

    async def touch_sql() -> None:
        await ping_database(stores.database)

    async def ping() -> None:
        await ping_redis(stores.redis)

    return {
        "sql": StoreWatch(stores.database.gate, connect_sql, touch_sql),
        "mongodb": StoreWatch(stores.documents.gate, connect_mongodb, stores.documents.ping),
        "redis": StoreWatch(Gate("Redis"), ping, ping),
    }


def report_to(health: Health, incidents: Incidents, component: str, watch: StoreWatch) -> None:
    """Without SQL no update can be taken in; without the others less can be done."""
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
    watch.on_restored.append(restored)
