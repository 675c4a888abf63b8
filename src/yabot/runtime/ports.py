"""Binds ports, or checks that they are free; imports little, to be used before all else."""

import errno
import socket
from collections.abc import Iterable
from contextlib import ExitStack, closing
from typing import NamedTuple

from yabot.errors import ConfigurationError
from yabot.runtime.connections import BoundedListener, Connections

# Connections that wait to be accepted.
BACKLOG = 2048
# Errors that another port mends: this one is taken, or only root may have it.
OF_THE_PORT = frozenset((errno.EADDRINUSE, errno.EACCES))


class PortTaken(ConfigurationError):
    """Another process listens on the port."""


class Place(NamedTuple):
    """Where to listen. ``variable`` is the setting of the port, to be named if the port is taken;
    ``host_variable`` that of the address, if it is none of this machine's.
    """

    variable: str
    host: str
    port: int
    host_variable: str | None = None


def require_free(places: Iterable[Place]) -> None:
    """Raises PortTaken, ConfigurationError unless all ``places`` can be bound at this moment."""
    with ExitStack() as stack:
        for place in places:
            stack.enter_context(closing(bind(place, Connections(1))))


def bind(place: Place, connections: Connections) -> BoundedListener:
    """A listening socket; two processes that only bind might both succeed on the same port.

    Raises PortTaken, ConfigurationError.
    """
    with ExitStack() as stack:
        try:
            family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
            bound = stack.enter_context(closing(BoundedListener(family, connections)))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((place.host, place.port))
            bound.listen(BACKLOG)
        except OSError as error:
            raise _unusable(place, error) from error
        stack.pop_all()
    return bound


def _unusable(place: Place, error: OSError) -> ConfigurationError:
    variable, host, port, host_variable = place
    reason = error.strerror
    if host_variable and error.errno not in OF_THE_PORT:
        return ConfigurationError(
            [f"{host_variable}: {host} cannot be bound ({reason}); set an address of this machine"]
        )
    kind = PortTaken if error.errno == errno.EADDRINUSE else ConfigurationError
    return kind([f"{variable}: port {port} on {host} cannot be used ({reason}); set another"])
