"""Receipts name the subscriber and the event: two of one name would share them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.bus.process import Poked, Tickled, toy
from tests.storage.fixtures import PARTITIONS
from yabot.app.assembly import build_groups, build_texts
from yabot.errors import StartupError
from yabot.feature import Feature, Services
from yabot.log.commit_log import CommitLog
from yabot.log.leases import SoleLeases
from yabot.storage.documents.store import DocumentStore
from yabot.subscriber import Subscriber


@pytest.fixture
async def services(commits: CommitLog, mongodb_uri: str) -> AsyncIterator[Services]:
    documents = DocumentStore(mongodb_uri, "unused", max_pool_size=1, timeout_ms=1000)
    yield Services(commits.database, documents, commits, build_texts(()), ())
    await documents.close()


def feature_with(name: str, subscriber: Subscriber[Any]) -> Feature:
    return Feature(name, subscribers=lambda _services: [subscriber])


def groups_of(services: Services, *subscribers: Subscriber[Any]) -> list[str]:
    """Of features that bring one subscriber each."""
    features = [feature_with(f"feature_{n}", each) for n, each in enumerate(subscribers)]
    return [each.name for each in build_groups(features, services, SoleLeases(PARTITIONS), {})]


async def test_two_of_one_name_for_one_type_of_event_are_refused(services: Services) -> None:
    with pytest.raises(StartupError, match="2 subscribers to toy_poked are called 'toy'"):
        groups_of(services, toy(), toy())


async def test_one_name_may_listen_to_several_types(services: Services) -> None:
    found = groups_of(services, toy(), toy(event=Tickled), toy(name="other", event=Poked))
    assert found == ["feature_0", "feature_1", "feature_2"]
