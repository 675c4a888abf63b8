"""Which events administrators hear of."""

from collections.abc import Sequence
from typing import Any

from yabot.events.failures import EventProcessingFailed, OrderingViolated, SubscribersStopped
from yabot.features.alerts.service import AlertService
from yabot.storage.incidents import StoreLost, StoreRestored
from yabot.storage.relational.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber


def subscribers(alerts: AlertService) -> Sequence[Subscriber[Any]]:
    async def failed(event: Event[EventProcessingFailed], work: UnitOfWork) -> None:
        consumer, kind = event.payload.consumer, event.payload.original_event_type
        await alerts.notice(work, "alert-event-failed", consumer=consumer, type=kind)

    async def violated(event: Event[OrderingViolated], work: UnitOfWork) -> None:
        kind = event.payload.original_event_type
        await alerts.notice(work, "alert-ordering-violated", type=kind)

    async def stopped(event: Event[SubscribersStopped], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-subscribers-stopped", group=event.payload.group)

    async def lost(event: Event[StoreLost], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-store-lost", store=event.payload.store)

    async def restored(event: Event[StoreRestored], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-store-restored", store=event.payload.store)

    return (
        Subscriber("alerts.failed", EventProcessingFailed, failed, late="apply"),
        Subscriber("alerts.violated", OrderingViolated, violated, late="apply"),
        Subscriber("alerts.stopped", SubscribersStopped, stopped, late="apply"),
        Subscriber("alerts.lost", StoreLost, lost, late="apply"),
        Subscriber("alerts.restored", StoreRestored, restored, late="apply"),
    )
