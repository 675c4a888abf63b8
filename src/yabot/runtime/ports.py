"""Ports that a process listens on, or would; it imports little, to be asked before all else."""

import errno
import socket
from collections.abc import Iterable
from contextlib import ExitStack, closing
from typing import NamedTuple

from yabot.errors import ConfigurationError
from yabot.runtime.connections import BoundedListener, Connections

# Connections that wait to be accepted.
BACKLOG = 2048


class PortTaken(ConfigurationError):
    """Somebody else listens there."""


class Place(NamedTuple):
    """Where to listen; ``variable`` is the setting that mends a taken port."""

    variable: str
    host: str
    port: int


def require_free(places: Iterable[Place]) -> None:
    """Nobody listens there at this moment. Raises PortTaken, ConfigurationError."""
    with ExitStack() as stack:
        for variable, host, port in places:
            stack.enter_context(closing(bind(host, port, variable, Connections(1))))


def bind(host: str, port: int, variable: str, connections: Connections) -> BoundedListener:
    """It listens already: of two that only bind the same port, each would take it for its own.

    Raises PortTaken, ConfigurationError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = BoundedListener(family, connections)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        kind = PortTaken if error.errno == errno.EADDRINUSE else ConfigurationError
        raise kind(
            [f"{variable}: port {port} on {host} cannot be used ({error.strerror}); set another"]
        ) from error
    return bound
