"""For what several features are tested with."""

from collections.abc import Iterator

import pytest

from tests.e2e.forger import Forger
from tests.e2e.meddler import meddling_with
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram


@pytest.fixture
def forger(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str]
) -> Iterator[Forger]:
    with meddling_with(telegram.url) as meddler:
        program = new_program(**{**bot_settings, "TELEGRAM_API_URL": meddler.url})
        program.start()
        yield Forger(program, telegram.url, meddler)
