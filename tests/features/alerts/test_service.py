"""Administrators hear of trouble at once, and then at most once in a while, with its number."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from tests.features.hearing import said_to
from tests.features.users.storage.world import World, ana, new_world
from tests.storage.dumps import rows_of
from yabot.bot.localization import Texts
from yabot.clock import utc_now
from yabot.events.envelope import Envelope, EventPayload
from yabot.events.failures import (
    EventProcessingFailed,
    OrderingViolated,
    SequenceGap,
    SubscribersStopped,
)
from yabot.events.intake import IntakeDisturbed, MessageUncertain, UpdateUnreadable
from yabot.features.alerts.feature import FEATURE
from yabot.features.alerts.service import AlertService
from yabot.features.alerts.subscribers import subscribers
from yabot.features.alerts.tables import alerts
from yabot.features.legacy.events import LegacyMigrationChanged
from yabot.features.users.notices import Notices
from yabot.log.incidents import StoreLost, StoreRestored
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.subscriber import Event

ANA, BERTA, STRANGER = 7, 8, 9
LONG, NO_TIME = timedelta(hours=1), timedelta(0)
VIOLATION = OrderingViolated(
    original_event_id="e", original_event_type="reaction_detected", reason="after_later_events"
)


def failure(consumer: str = "rewards.pay") -> EventProcessingFailed:
    return EventProcessingFailed(
        original_event_id="e",
        original_event_type="reaction_detected",
        error="failed",
        consumer=consumer,
    )


class Office:
    """Administrators who know the bot, but for one, and what they are sent."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._causes = 0
        texts = [] if FEATURE.texts is None else [FEATURE.texts]
        self._notices = Notices(world.users, Texts(texts))

    def service(
        self, quiet: timedelta = LONG, admins: tuple[int, ...] = (ANA, BERTA, STRANGER)
    ) -> AlertService:
        return AlertService(self._world.services.commits, self._notices, admins, quiet)

    async def happen(self, service: AlertService, *payloads: EventPayload) -> None:
        for payload in payloads:
            self._causes += 1
            await self._handle(service, payload, f"{self._causes}")

    async def at_once(self, service: AlertService, payload: EventPayload, times: int) -> None:
        await asyncio.gather(*(self._handle(service, payload, f"{n}") for n in range(times)))

    async def _handle(self, service: AlertService, payload: EventPayload, cause_id: str) -> None:
        """As a group of subscribers does."""
        envelope = Envelope(
            event_id=cause_id,
            event_type=payload.event_type,
            version=1,
            timestamp=utc_now(),
            correlation_id=cause_id,
            causation_id=cause_id,
            payload=payload.model_dump(),
        )
        (subscriber,) = [s for s in subscribers(service) if s.event is type(payload)]

        async def decide(work: UnitOfWork) -> None:
            await subscriber.handle(Event(envelope, payload), work)

        await self._world.decide(f"{subscriber.name} {cause_id}", decide)

    async def told_at(self, moment: datetime) -> None:
        """As if all had been told then."""
        change = update(alerts).values(told_at=moment)
        await self._world.services.database.write(
            lambda connection: connection.execute(change) and None
        )

    async def said(self, admin: int = ANA) -> list[str]:
        return [each.text for each in await said_to(self._world.services.database, f"{admin}")]


@pytest.fixture
async def office(database: Database, unreachable: DocumentStore) -> Office:
    """MongoDB is away: trouble is told all the same."""
    world = new_world(database, unreachable)
    await world.register("ana")
    await world.register("berta", ana(id=f"{BERTA}", language_code="en"))
    return Office(world)


@pytest.mark.criterion("3.2.5")
async def test_each_admin_is_told_in_their_language(office: Office) -> None:
    await office.happen(office.service(), VIOLATION)
    assert [text.splitlines()[0] for text in await office.said(ANA)] == ["⚠️ <b>Fuera de orden</b>"]
    assert [text.splitlines()[0] for text in await office.said(BERTA)] == ["⚠️ <b>Out of order</b>"]
    assert await office.said(STRANGER) == []


TROUBLES = [
    pytest.param(failure("rewards.pay"), "<code>rewards.pay</code> ha dejado", id="failed"),
    pytest.param(SubscribersStopped(group="rewards", dead_letters=20), "detenido", id="stopped"),
    pytest.param(StoreLost(store="mongodb"), "<code>mongodb</code> no responde.", id="lost"),
    pytest.param(UpdateUnreadable(update_type="message"), "<code>message</code>", id="unreadable"),
    pytest.param(
        MessageUncertain(method="sendMessage"), "<code>sendMessage</code>", id="uncertain"
    ),
    pytest.param(IntakeDisturbed(disturbance="another_poller"), "Somos dos", id="poller"),
    pytest.param(IntakeDisturbed(disturbance="foreign_webhook"), "Estoy sordo", id="foreign"),
    pytest.param(IntakeDisturbed(disturbance="webhook_taken"), "quita el webhook", id="taken"),
    pytest.param(IntakeDisturbed(disturbance="webhook_not_set"), "Sin webhook", id="not set"),
    pytest.param(IntakeDisturbed(disturbance="deliveries_fail"), "esperando", id="deliveries"),
    pytest.param(
        LegacyMigrationChanged(migration=1, phase="rolled_back", reason="too_many_refused"),
        "deshecho: demasiadas",
        id="migration",
    ),
    pytest.param(
        StoreRestored(store="mongodb", downtime_s=1.5), "responde de nuevo.", id="restored"
    ),
]


@pytest.mark.parametrize(("payload", "text"), TROUBLES)
async def test_what_they_hear_of(office: Office, payload: EventPayload, text: str) -> None:
    await office.happen(office.service(), payload)
    (said,) = await office.said()
    assert text in said


@pytest.mark.criterion("3.2.5")
async def test_they_hear_of_events_that_the_log_lacks(office: Office) -> None:
    gap = SequenceGap(partition=3, first=4, last=5)
    await office.happen(office.service(), gap, gap, gap)
    await office.service(NO_TIME).tell_what_was_counted()
    first, summary = await office.said(BERTA)
    assert "partition 3 are missing:" in first
    assert "partition 3 are missing, in 2 places" in summary


async def test_many_of_a_kind_are_one_message_and_later_a_number(office: Office) -> None:
    service = office.service()
    await office.happen(service, *[failure()] * 12, failure("another"))
    assert len(await office.said()) == 2
    await service.tell_what_was_counted()
    assert len(await office.said()) == 2
    await office.service(NO_TIME).tell_what_was_counted()
    *_, summary = await office.said()
    assert "<code>rewards.pay</code> ha dejado por imposible 11 eventos" in summary
    await office.service(NO_TIME).tell_what_was_counted()
    assert len(await office.said()) == 3


async def test_what_comes_after_the_quiet_is_told_with_what_came_in_it(office: Office) -> None:
    await office.happen(office.service(), *[failure()] * 3)
    await office.happen(office.service(NO_TIME), failure())
    *_, last = await office.said()
    assert "3 eventos" in last


async def test_many_at_once_are_counted_exactly(office: Office) -> None:
    with capture_logs() as logs:
        await office.at_once(office.service(), failure(), 20)
    assert len(await office.said()) == 1
    # Whoever came too late to tell it has not told it.
    assert [each["event"] for each in logs].count("admins.alerted") == 1
    await office.service(NO_TIME).tell_what_was_counted()
    *_, summary = await office.said()
    assert "19 eventos" in summary


async def test_two_who_sum_up_at_once_tell_it_once(office: Office) -> None:
    await office.happen(office.service(), failure(), failure())
    service = office.service(NO_TIME)
    await asyncio.gather(service.tell_what_was_counted(), service.tell_what_was_counted())
    assert len(await office.said()) == 2


async def test_without_administrators_nothing_is_kept(office: Office, database: Database) -> None:
    await office.happen(office.service(admins=()), failure())
    assert await rows_of(database, alerts) == []


async def test_a_roll_back_that_an_operator_wanted_is_no_news(office: Office) -> None:
    service = office.service()
    await office.happen(
        service,
        LegacyMigrationChanged(migration=1, phase="rolled_back"),
        LegacyMigrationChanged(migration=2, phase="rolling_back", reason="verification_failed"),
    )
    assert await office.said() == []


async def test_a_clock_that_was_ahead_silences_nobody(office: Office) -> None:
    service = office.service()
    await office.happen(service, VIOLATION)
    await office.told_at(utc_now() + timedelta(days=30))
    await office.happen(service, VIOLATION, VIOLATION)
    assert len(await office.said()) == 2
    await office.told_at(utc_now() + timedelta(days=30))
    await service.tell_what_was_counted()
    assert len(await office.said()) == 3
