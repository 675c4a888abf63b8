"""A subscriber may be asked again about the same event: it decides the same, and it counts once."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.complaints import complain
from tests.events.samples import envelope
from tests.features.contract.decisions import Decided, decided, differing, remembered
from tests.features.contract.happenings import happenings
from tests.features.harness import Harness, HarnessReader
from tests.storage.dumps import dump
from yabot import clock
from yabot.app.assembly import build_coordinators
from yabot.app.features import FEATURES
from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.events.envelope import EventPayload
from yabot.feature import Feature
from yabot.features.besitos.service import BesitosService
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.subscriber import Subscriber

# What has happened to whom.
Case = tuple[EventPayload, HarnessReader]
# Features whose subscribers read stories or items.
READ_MONGODB = {"rewards"}
LISTENING = [
    pytest.param(each, id=each.name, marks=[pytest.mark.standard] * (each.name in READ_MONGODB))
    for each in FEATURES
    if each.subscribers or each.processes
]
# Features of which each subscriber does something about one of the events.
ALL_ACT = {"alerts", "rewards"}
# Decisions that come to the same changes: so many of them are compared.
OF_A_KIND = 3
# Looks after the bot, and is told of trouble.
ADMIN = 1_000
# More than any hint of the story costs.
EARNED = 100_000
# Where a group of subscribers stands.
PLACES = {"group_positions", "partition_owners"}


@dataclass(frozen=True, repr=False)
class Asked:
    """A feature's subscribers, a reader who has just come, and one who has earned much."""

    feature: Feature
    harness: Harness
    new: HarnessReader
    rich: HarnessReader

    @property
    def database(self) -> Database:
        return self.harness.services.database

    def subscribers(self) -> Sequence[Subscriber[Any]]:
        services, ask = self.harness.services, self.feature.subscribers
        coordinator = build_coordinators([self.feature], services).get(self.feature.name)
        driven = coordinator.subscribers() if coordinator is not None else ()
        return [*(ask(services) if ask is not None else ()), *driven]

    def cases(self, subscriber: Subscriber[Any]) -> Iterator[Case]:
        readers = (self.new, self.rich) if subscriber.event.needs_user else (self.new,)
        for payload in happenings(self.feature, subscriber.event):
            yield from ((payload, reader) for reader in readers)

    async def ask(
        self, subscriber: Subscriber[Any], payload: EventPayload, reader: HarnessReader
    ) -> Decided:
        """What would come of it; nothing does. Fails the test where MongoDB is needed."""
        told = envelope(
            payload.event_type, payload.model_dump(mode="json"), user_id=reader.user_id, sequence=1
        )
        found = await decided(self.database, subscriber, told, payload)
        if isinstance(found.failure, StoreUnavailable):
            complain(
                [
                    f"{subscriber.name} reads MongoDB: name '{self.feature.name}' in READ_MONGODB "
                    "of tests/features/contract/test_asked_again.py"
                ]
            )
        return found


@pytest.fixture
def store(request: pytest.FixtureRequest, feature: Feature) -> DocumentStore:
    name = "documents" if feature.name in READ_MONGODB else "unreachable"
    found: DocumentStore = request.getfixturevalue(name)
    return found


@pytest.fixture
async def asked(
    feature: Feature, sqlite_database: Database, store: DocumentStore
) -> AsyncIterator[Asked]:
    began = clock.ahead()
    harness = await Harness.open(FEATURES, sqlite_database, store, admins=(ADMIN,))
    # So that no day ends between two decisions.
    noon = utc_now().replace(hour=12) + timedelta(days=1)
    harness.pass_time(seconds=(noon - utc_now()).total_seconds())
    if feature.name in READ_MONGODB:
        await harness.prepare()
    await HarnessReader(harness, f"{ADMIN}", "Marta", "en").say("/start")
    new, rich = await harness.join("Ana"), await harness.join("Berta")

    async def pay(work: UnitOfWork) -> None:
        besitos = harness.services[BesitosService]
        await besitos.award(work, rich.user_id, EARNED, reason="test", source="test", key="test")

    await harness.commit(pay)
    yield Asked(feature, harness, new, rich)
    clock.set_ahead(began)


@pytest.mark.parametrize("feature", LISTENING)
async def test_who_is_asked_again_decides_the_same(asked: Asked) -> None:
    before = await dump(asked.database)
    for subscriber in asked.subscribers():
        known = remembered(asked.feature)
        complain(await _differences(asked, subscriber))
        complain(
            f"{subscriber.name} changes {name} itself, and is called again for the same event: "
            "give what it remembers to the unit of work"
            for name, value in remembered(asked.feature).items()
            if value != known.get(name)
        )
    after = await dump(asked.database)
    complain(
        f"{asked.feature.name}'s subscribers write to {table} themselves, and are called again for "
        "the same event: add it to the unit of work"
        for table in before
        if after[table] != before[table]
    )


async def _differences(asked: Asked, subscriber: Subscriber[Any]) -> list[str]:
    """Of the first event for which there is one."""
    compared: Counter[tuple[str, ...]] = Counter()
    for payload, reader in asked.cases(subscriber):
        first = await asked.ask(subscriber, payload, reader)
        if not first.parts or compared[first.kinds] == OF_A_KIND:
            continue
        compared[first.kinds] += 1
        difference = differing(first, await asked.ask(subscriber, payload, reader))
        if difference is not None:
            mend = (
                "make the key of a payment of the event"
                if "transactions" in difference
                else "make it of the event and of what is stored"
            )
            return [
                f"{subscriber.name} decides differently when it is asked again: {difference}; "
                f"{mend}"
            ]
    return []


@pytest.mark.parametrize("feature", LISTENING)
async def test_an_event_that_comes_again_takes_effect_once(asked: Asked) -> None:
    harness, name, subscribers = asked.harness, asked.feature.name, asked.subscribers()
    cases = [case for each in subscribers if (case := await _acting(asked, each)) is not None]
    assert len(cases) == len(subscribers) or name not in ALL_ACT, "else nothing is compared"
    await harness.deliver(name)
    for payload, reader in cases:
        await harness.publish(payload, reader.user_id)
        await harness.deliver(name)
        before = await dump(asked.database)
        await harness.deliver_again(name)
        after = await dump(asked.database)
        twice = [each for each in before if each not in PLACES and after[each] != before[each]]
        if twice:
            complain(
                [
                    f"{name} changes {', '.join(twice)} again when a {payload.event_type} comes "
                    "again: add to the unit of work what comes of it"
                ]
            )


async def _acting(asked: Asked, subscriber: Subscriber[Any]) -> Case | None:
    """The first event on which something would happen; None where there is none."""
    for payload, reader in asked.cases(subscriber):
        found = await asked.ask(subscriber, payload, reader)
        if found.parts and found.failure is None:
            return payload, reader
    return None
