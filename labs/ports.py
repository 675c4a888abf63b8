"""Ports that nobody else on this machine is given, also while their server is dead."""

import random
import socket
from collections.abc import Sequence

from yabot.embedded.ports import LOOPBACK, is_free

# Above those of the embedded engines, below those that outgoing connections are given.
PORTS = range(30_000, 32_768)


class Reservation:
    """Lasts until ``release``, or until this process ends.

    Whoever has the port's UDP twin has the port: a server takes TCP alone, so that it can come and
    go meanwhile, and no second process reserves the same.
    """

    def __init__(self, ports: Sequence[int] = PORTS) -> None:
        self._twin = socket.socket(type=socket.SOCK_DGRAM)
        self.port = next(port for port in random.sample(ports, len(ports)) if self._takes(port))

    def _takes(self, port: int) -> bool:
        try:
            self._twin.bind((LOOPBACK, port))
        except OSError:
            return False
        if is_free(port):
            return True
        self.release()
        self._twin = socket.socket(type=socket.SOCK_DGRAM)
        return False

    def release(self) -> None:
        self._twin.close()
