"""Which events administrators hear of."""

from collections.abc import Sequence
from typing import Any

from yabot.events.access import AuthAbuseDetected
from yabot.events.failures import (
    DocumentRefused,
    EventProcessingFailed,
    MessageFailed,
    OrderingViolated,
    SequenceGap,
    SubscribersStopped,
)
from yabot.events.intake import (
    Disturbance,
    IntakeDisturbed,
    MessageUncertain,
    UpdateUnreadable,
)
from yabot.features.alerts.service import AlertService
from yabot.features.legacy.events import LegacyMigrationChanged
from yabot.features.narrative.events import PageRefused
from yabot.features.subscriptions.events import ChargesLeft
from yabot.log.incidents import StoreLost, StoreRestored
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber

DISTURBANCES: dict[Disturbance, str] = {
    "another_poller": "alert-another-poller",
    "foreign_webhook": "alert-foreign-webhook",
    "webhook_taken": "alert-webhook-taken",
    "webhook_not_set": "alert-webhook-not-set",
    "deliveries_fail": "alert-deliveries-fail",
}


def subscribers(alerts: AlertService) -> Sequence[Subscriber[Any]]:
    return (
        *_of_trouble(alerts),
        *_of_stores(alerts),
        *_of_intake(alerts),
        _of_abuse(alerts),
        _of_migration(alerts),
        _of_charges(alerts),
    )


def _of_trouble(alerts: AlertService) -> Sequence[Subscriber[Any]]:
    async def failed(event: Event[EventProcessingFailed], work: UnitOfWork) -> None:
        consumer, kind = event.payload.consumer, event.payload.original_event_type
        await alerts.notice(work, "alert-event-failed", consumer=consumer, type=kind)

    async def violated(event: Event[OrderingViolated], work: UnitOfWork) -> None:
        kind = event.payload.original_event_type
        await alerts.notice(work, "alert-ordering-violated", type=kind)

    async def lacks(event: Event[SequenceGap], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-sequence-gap", partition=f"{event.payload.partition}")

    async def stopped(event: Event[SubscribersStopped], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-subscribers-stopped", group=event.payload.group)

    async def unsent(event: Event[MessageFailed], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-message-failed", method=event.payload.method)

    async def refused(event: Event[PageRefused], work: UnitOfWork) -> None:
        page = event.payload
        await alerts.notice(
            work,
            "alert-page-refused",
            fragment=page.fragment_id,
            language=page.language,
            reason=page.reason,
        )

    return (
        Subscriber("alerts.failed", EventProcessingFailed, failed, late="apply"),
        Subscriber("alerts.violated", OrderingViolated, violated, late="apply"),
        Subscriber("alerts.gaps", SequenceGap, lacks, late="apply"),
        Subscriber("alerts.stopped", SubscribersStopped, stopped, late="apply"),
        Subscriber("alerts.unsent", MessageFailed, unsent, late="apply"),
        Subscriber("alerts.page", PageRefused, refused, late="apply"),
    )


def _of_stores(alerts: AlertService) -> Sequence[Subscriber[Any]]:
    async def not_taken(event: Event[DocumentRefused], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-document-refused", reason=event.payload.reason)

    async def lost(event: Event[StoreLost], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-store-lost", store=event.payload.store)

    async def restored(event: Event[StoreRestored], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-store-restored", store=event.payload.store)

    return (
        Subscriber("alerts.document", DocumentRefused, not_taken, late="apply"),
        Subscriber("alerts.lost", StoreLost, lost, late="apply"),
        Subscriber("alerts.restored", StoreRestored, restored, late="apply"),
    )


def _of_intake(alerts: AlertService) -> Sequence[Subscriber[Any]]:
    async def unreadable(event: Event[UpdateUnreadable], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-update-unreadable", type=event.payload.update_type)

    async def uncertain(event: Event[MessageUncertain], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-message-uncertain", method=event.payload.method)

    async def disturbed(event: Event[IntakeDisturbed], work: UnitOfWork) -> None:
        await alerts.notice(work, DISTURBANCES[event.payload.disturbance])

    return (
        Subscriber("alerts.unreadable", UpdateUnreadable, unreadable, late="apply"),
        Subscriber("alerts.uncertain", MessageUncertain, uncertain, late="apply"),
        Subscriber("alerts.disturbed", IntakeDisturbed, disturbed, late="apply"),
    )


def _of_abuse(alerts: AlertService) -> Subscriber[Any]:
    async def abused(_event: Event[AuthAbuseDetected], work: UnitOfWork) -> None:
        # Without the address: as many addresses would give as many messages.
        await alerts.notice(work, "alert-auth-abuse")

    return Subscriber("alerts.abused", AuthAbuseDetected, abused, late="apply")


def _of_migration(alerts: AlertService) -> Subscriber[Any]:
    async def changed(event: Event[LegacyMigrationChanged], work: UnitOfWork) -> None:
        reason = event.payload.reason
        # What an operator has done themselves they know.
        if reason is not None and event.payload.phase == "rolled_back":
            await alerts.notice(work, "alert-migration-rolled-back", reason=reason)

    return Subscriber("alerts.migration", LegacyMigrationChanged, changed, late="apply")


def _of_charges(alerts: AlertService) -> Subscriber[Any]:
    async def left(_event: Event[ChargesLeft], work: UnitOfWork) -> None:
        await alerts.notice(work, "alert-charges-left")

    return Subscriber("alerts.charges", ChargesLeft, left, late="apply")
