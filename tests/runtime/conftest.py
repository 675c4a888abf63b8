"""What strangers meet at a listener is the same on both event loops."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    asyncios = {"asyncio": asyncio.new_event_loop}
    return asyncios | ({"uvloop": uvloop.new_event_loop} if "test_http" in item.nodeid else {})
