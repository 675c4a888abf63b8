"""A client that is there before a process forks, as servers with workers do it."""

from socket import socket

import pytest

from tests.client.faulty import FaultyServer, Got
from tests.client.forked import ask_and_fork
from tests.forking import started
from tests.waiting import PATIENCE

pytestmark = pytest.mark.standard

FINE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.slow
def test_a_fork_asks_on_connections_of_its_own(server: FaultyServer, key: str) -> None:
    further: list[bytes] = []

    def stays(connection: socket, _: Got) -> None:
        connection.sendall(FINE)
        while part := connection.recv(65536):
            further.append(part)
            connection.sendall(FINE)

    server.behaves(stays)
    process = started(ask_and_fork, server.url, key)
    process.join(PATIENCE)
    assert process.exitcode == 0
    # On one that was there already asks only whoever has made it.
    assert (len(server.got), len(further)) == (2, 1)
