"""Ports on the loopback interface."""

import asyncio
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

import psutil

LOOPBACK = "127.0.0.1"

# Below the ranges that Linux and macOS give to outgoing connections: a port from those is often
# taken again at the next start.
PORTS = range(20000, 30000)
ATTEMPTS = 5


class PortTaken(Exception):
    """Another process listens on the port that an engine was to have."""


def candidates(kept: int | None) -> Iterator[int]:
    """The kept port first when it is free, then some free ones."""
    if kept is not None and is_free(kept):
        yield kept
    for _ in range(ATTEMPTS):
        yield free_port()


async def listening(port: int) -> None:
    """Return once somebody accepts connections on the port."""
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


def listens(pid: int, port: int) -> bool:
    """Whether it is this process, of our own user, that accepts connections on the port."""
    with suppress(psutil.Error):
        return any(
            each.status == psutil.CONN_LISTEN and each.laddr.port == port
            for each in psutil.Process(pid).net_connections("tcp4")
        )
    return False


def free_port() -> int:
    """A port that is free at this moment, and is not given to outgoing connections."""
    while True:
        port = random.choice(PORTS)  # noqa: S311 - no secret
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the engines do: the last owner's connections in TIME_WAIT do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
