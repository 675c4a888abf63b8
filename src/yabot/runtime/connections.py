"""Limits a listener's connections: which one is closed when there are too many.

They are counted when they are accepted, because a TLS handshake comes before any protocol.
"""

import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Peer = tuple[str, int]

# An address with more than this fraction of all connections has many.
MANY = 0.25


class Connections:
    """The connections of one listener, oldest first. A busy one waits for our answer."""

    def __init__(self, most: int, on_crowded: Callable[[], None] = lambda: None) -> None:
        self._most = most
        self._on_crowded = on_crowded
        self._open: dict[Peer, socket.socket] = {}
        self._busy: set[Peer] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, peer: Peer, connection: socket.socket) -> bool:
        """Add a connection, ending another one if need be; false if there is no room."""
        if len(self._open) >= self._most:
            self._on_crowded()
            if (leaving := self._leaving_for(peer)) is None:
                return False
            self._end(leaving)
        self._open[peer] = connection
        return True

    def show_busy(self, peer: Peer, *, busy: bool) -> None:
        """Ignored for a connection that was ended to make room, whose last bytes are still read."""
        if not busy:
            self._busy.discard(peer)
        elif peer in self._open:
            self._busy.add(peer)

    def discard(self, peer: Peer, connection: socket.socket) -> None:
        if self._open.get(peer) is connection:
            del self._open[peer]
            self._busy.discard(peer)

    def _leaving_for(self, newcomer: Peer) -> Peer | None:
        """The oldest connection that is not busy; if all are, the oldest of the address with most.

        None: there is no room for the newcomer. From an address that has many it displaces no idle
        connection of an address with fewer, so that no address can shut out the others.
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
        # Its protocol reads the end of the stream and closes it; or it has ended by itself.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class BoundedListener(socket.socket):
    """A listening socket that accepts what ``connections`` has room for; the rest is hung up on."""

    def __init__(self, family: int, connections: Connections) -> None:
        # asyncio sets TCP_NODELAY only if the protocol is named; without it answers wait 40 ms.
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
        """uvloop calls this when it has closed the connection itself."""
        self._connections.discard(self._peer, self)
        return super().detach()
