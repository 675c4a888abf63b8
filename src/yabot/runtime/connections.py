"""How many connections a listener has, and which one goes when there are too many.

They are counted where they are accepted: the handshake of TLS comes before any protocol.
"""

import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Peer = tuple[str, int]

# The part of all connections beyond which an address has many.
MANY = 0.25


class Connections:
    """Those of one listener, the oldest first; some are busy: they wait for our answer."""

    def __init__(self, most: int, on_crowded: Callable[[], None] = lambda: None) -> None:
        self._most = most
        self._on_crowded = on_crowded
        self._open: dict[Peer, socket.socket] = {}
        self._busy: set[Peer] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, peer: Peer, connection: socket.socket) -> bool:
        """Whether there is room, if need be by ending another one."""
        if len(self._open) >= self._most:
            self._on_crowded()
            if (leaving := self._leaving_for(peer)) is None:
                return False
            self._end(leaving)
        self._open[peer] = connection
        return True

    def show_busy(self, peer: Peer, *, busy: bool) -> None:
        """Nothing for one that was ended to make room: its last bytes may still be read."""
        if not busy:
            self._busy.discard(peer)
        elif peer in self._open:
            self._busy.add(peer)

    def discard(self, peer: Peer, connection: socket.socket) -> None:
        if self._open.get(peer) is connection:
            del self._open[peer]
            self._busy.discard(peer)

    def _leaving_for(self, newcomer: Peer) -> Peer | None:
        """The oldest that is not busy; where all are, the oldest of the address that has most.

        Whoever comes from an address that has many takes none from others: so nobody shuts them
        out by being busy with all.
        """
        held = Counter(host for host, _ in self._open)
        ((greediest, most),) = held.most_common(1)
        of_newcomer = held[newcomer[0]]
        has_many = of_newcomer > self._most * MANY
        for peer in self._open:
            if peer not in self._busy and (peer[0] == newcomer[0] or not has_many):
                return peer
        if most <= of_newcomer + 1:
            return None
        return next(peer for peer in self._open if peer[0] == greediest)

    def _end(self, peer: Peer) -> None:
        connection = self._open.pop(peer)
        self._busy.discard(peer)
        # Its protocol reads the end, and closes it; or it has ended by itself.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class BoundedListener(socket.socket):
    """A listening socket that accepts what ``connections`` has room for; the rest is hung up on."""

    def __init__(self, family: int, connections: Connections) -> None:
        # asyncio sets TCP_NODELAY only where the protocol is named; without it answers wait 40 ms.
        super().__init__(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._connections = connections

    def accept(self) -> tuple[socket.socket, Any]:
        while True:
            accepted, address = super().accept()
            connection = _Accepted(accepted, address[:2], self._connections)
            if self._connections.add(address[:2], connection):
                return connection, address
            connection.close()


class _Accepted(socket.socket):
    def __init__(self, accepted: socket.socket, peer: Peer, connections: Connections) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self._peer = peer
        self._connections = connections

    def close(self) -> None:
        self._connections.discard(self._peer, self)
        super().close()

    def detach(self) -> int:
        """What uvloop does, when it has closed the connection itself."""
        self._connections.discard(self._peer, self)
        return super().detach()
