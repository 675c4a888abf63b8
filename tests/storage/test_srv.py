"""Where mongodb+srv:// leads, the DNS says: while it does not, MongoDB is away."""

from collections.abc import AsyncIterator

import pytest

from yabot.errors import StoreUnavailable
from yabot.storage.documents.store import DocumentStore

# No name server knows it, and no resolver has to ask one (RFC 6761).
NOWHERE = "mongodb+srv://ana:hush-hush@cluster.yabot.invalid"


@pytest.fixture
async def lost() -> AsyncIterator[DocumentStore]:
    store = DocumentStore(NOWHERE, "yabot", max_pool_size=1, timeout_ms=2000)
    yield store
    await store.close()


async def test_a_name_that_is_not_resolved_is_no_refusal(lost: DocumentStore) -> None:
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as away:
            await lost.ping()
        told = "MongoDB is not available: the DNS does not say where MONGODB_URI leads: "
        assert str(away.value).startswith(told)
        assert "hush-hush" not in str(away.value)


async def test_nor_is_it_while_the_program_runs(lost: DocumentStore) -> None:
    with pytest.raises(StoreUnavailable):
        await lost.find("users", "7")
    assert lost.gate.suspected.is_set()
