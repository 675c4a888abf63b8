from collections.abc import Iterator

import pytest

from tests.architecture.modules import forget


@pytest.fixture(scope="package", autouse=True)
def source() -> Iterator[None]:
    """Whoever looks at it shares what was parsed with the others of this folder."""
    yield
    forget()
