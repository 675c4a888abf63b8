"""A store that asks for a certificate of ours gets it, also a new one, without a restart."""

import asyncio

import pytest

from tests.certificates import Authority, Leaf, put
from tests.stores_over_tls.conftest import Store, Watched
from tests.waiting import until
from yabot.storage.documents.store import CLOSES

pytestmark = [pytest.mark.criterion("sec.1", "sec.2"), pytest.mark.slow]


async def test_it_is_asked_for_and_shown(store: Store, authority: Authority, right: Leaf) -> None:
    store.door.show(right, clients=authority)
    async with store.watched(store.settings(ours=authority.leaf())) as watched:
        await watched.becomes(None)
    async with store.watched(store.settings()) as watched:
        assert watched.reason is not None
        if store.kind.name == "MongoDB":
            await watched.becomes(CLOSES)


async def test_a_foreign_one_is_refused_until_it_is_replaced(
    store: Store, authority: Authority, foreign: Authority, right: Leaf
) -> None:
    store.door.show(right, clients=authority)
    settings = store.settings(ours=foreign.leaf())
    async with store.watched(settings) as watched:
        assert watched.reason is not None
        store.name_ours(authority.leaf())
        await watched.becomes(None)


async def test_another_authority_is_believed_and_the_former_is_not(
    store: Store, authority: Authority, foreign: Authority, right: Leaf
) -> None:
    async with store.watched(store.settings()) as watched:
        await watched.becomes(None)
        put(store.believed, authority.pem + foreign.pem)
        store.door.show(foreign.leaf())
        await watched.connects()
        put(store.believed, foreign.pem)
        await watched.gives_up_what_it_has()
        store.door.show(right)
        await watched.becomes(
            "no authority that is trusted has signed its certificate; name the one that has in "
            + store.kind.authority
        )
        put(store.believed, authority.pem)
        await watched.becomes(None)


async def test_an_authority_is_replaced_under_traffic_without_one_failed_write(
    store: Store, authority: Authority, foreign: Authority
) -> None:
    written, is_over = 0, False

    async def write(watched: Watched) -> None:
        nonlocal written
        while not is_over:
            await watched.write()
            written += 1

    async with (
        store.watched(store.settings(patiently=True)) as watched,
        asyncio.TaskGroup() as writers,
    ):
        await watched.write()  # what is made by the first write is there
        for _ in range(4):
            writers.create_task(write(watched))
        put(store.believed, foreign.pem + authority.pem)
        await watched.gives_up_what_it_has()
        enough = written + 20

        async def goes_on() -> bool:
            return written > enough

        await until(goes_on)
        is_over = True
        await watched.becomes(None)
