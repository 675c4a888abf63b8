"""For what several features are tested with."""

from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from tests.api.client import ApiClient, served
from tests.e2e.forger import Forger
from tests.e2e.meddler import meddling_with
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.features.harness import Harness
from yabot import clock
from yabot.app.features import FEATURES
from yabot.feature import Feature
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot_client import AsyncClient


@pytest.fixture
def features() -> Sequence[Feature]:
    """Those of the harness, for a test to choose others."""
    return FEATURES


@pytest.fixture
async def harness(
    features: Sequence[Feature], sqlite_database: Database, unreachable: DocumentStore
) -> AsyncIterator[Harness]:
    """With nobody in it, on SQLite alone: what is kept in MongoDB waits in SQL.

    A feature that reads a collection of its own overrides ``unreachable`` with ``documents``.
    """
    began = clock.ahead()
    yield await Harness.open(features, sqlite_database, unreachable)
    clock.set_ahead(began)


@pytest.fixture
async def api(harness: Harness) -> AsyncIterator[ApiClient]:
    """What the harness's features offer to other services, over HTTP."""
    async with served(harness.services, harness.features) as client:
        yield client


@pytest.fixture
async def yabot(api: ApiClient) -> AsyncIterator[AsyncClient]:
    """Asks it as ``api`` does: for tests that are about what operations do, and not about HTTP."""
    async with api.typed() as client:
        yield client


@pytest.fixture
def forger(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str]
) -> Iterator[Forger]:
    with meddling_with(telegram.url) as meddler:
        program = new_program(**{**bot_settings, "TELEGRAM_API_URL": meddler.url})
        program.start()
        yield Forger(program, telegram.url, meddler)
