"""An API with a real SQLite behind it, and a service that encrypts what it asks."""

from collections.abc import AsyncIterator

import pytest

from tests.api.auth.conftest import House, clock_as_it_was, house
from tests.api.encryption.partner import Api, Keys, Partner, encrypted_api

__all__ = ["clock_as_it_was", "house"]


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def partner(keys: Keys) -> Partner:
    return Partner(keys.offered)


@pytest.fixture
async def served(house: House, keys: Keys, partner: Partner) -> AsyncIterator[Api]:
    async with encrypted_api(house, keys, partner) as served:
        yield served
