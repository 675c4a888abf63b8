from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.meddler import meddling_with
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.features.subscriptions.shop import Shop
from tests.features.subscriptions.till import Till, opened_till
from yabot.storage.relational.database import Database

ADMIN = "4242"
CONTACT = "payments@yabot.example"


@pytest.fixture
def shop(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str]
) -> Iterator[Shop]:
    """A running program, and between it and its Telegram somebody who can lose updates."""
    with meddling_with(telegram.url) as meddler:
        settings = {
            **bot_settings,
            "TELEGRAM_API_URL": meddler.url,
            "ADMIN_USER_IDS": ADMIN,
            "SUPPORT_CONTACT": CONTACT,
        }
        program = new_program(**settings)
        program.start()
        opened = Shop(program, telegram.url, bot_settings["BOT_TOKEN"], meddler)
        yield opened
        # Whatever has become of it, no charge is ever written into the log.
        assert [charge for charge in opened.charges() if charge in program.errors] == []


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with opened_till(database) as opened:
        yield opened
