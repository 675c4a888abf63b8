from collections.abc import Iterator

import pytest

from tests.bot.intake.house import DOORS, House, housed
from tests.e2e.fork_server import ForkServer


@pytest.fixture(scope="module", params=DOORS)
def house(
    request: pytest.FixtureRequest,
    forks: ForkServer,
    tmp_path_factory: pytest.TempPathFactory,
    mongodb_uri: str,
    redis_url: str,
) -> Iterator[House]:
    """One for each door, for all tests of a module."""
    folder = tmp_path_factory.mktemp(request.param)
    with housed(request.param, forks, folder, mongodb_uri, redis_url) as running:
        yield running
