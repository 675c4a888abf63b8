"""Connections as they are accepted and counted, whatever is spoken on them."""

import socket
from contextlib import ExitStack

import pytest

from tests.waiting import until
from yabot.runtime.acceptor import AT_ONCE, Acceptor
from yabot.runtime.connections import BoundedListener, Connections

CROWD = 3 * AT_ONCE


@pytest.mark.standard
async def test_a_crowd_is_let_in_a_few_at_a_time() -> None:
    """Each has a file open: those whom they replace are closed in between."""
    connections = Connections(CROWD)
    served: list[socket.socket] = []
    accepted_by_then: list[int] = []

    async def serve(connection: socket.socket) -> None:
        served.append(connection)
        accepted_by_then.append(len(connections))

    async def all_are_served() -> bool:
        return len(served) == CROWD

    with ExitStack() as opened:
        listener = opened.enter_context(BoundedListener(socket.AF_INET, connections))
        listener.bind(("127.0.0.1", 0))
        listener.listen(CROWD)
        for _ in range(CROWD):
            opened.enter_context(socket.create_connection(listener.getsockname()))
        acceptor = Acceptor(listener, serve)
        opened.callback(acceptor.close)
        await until(all_are_served)
        for connection in served:
            opened.enter_context(connection)
    assert accepted_by_then[0] == AT_ONCE


def test_what_is_read_of_one_behind_its_end_keeps_no_place() -> None:
    first, second, third = (("127.0.0.1", port) for port in (1, 2, 3))
    connections = Connections(1)
    with ExitStack() as opened:
        one, two, three, again = (opened.enter_context(socket.socket()) for _ in range(4))
        assert connections.add(first, one)
        assert connections.add(second, two)  # the first is ended for it
        connections.show_busy(first, busy=True)
        connections.discard(first, one)
        assert connections.add(first, again)
        assert connections.add(third, three)
