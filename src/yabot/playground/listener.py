"""The playground's HTTP listener: on this machine only, and able to drop a connection."""

from typing import Any

from yabot.errors import ConfigurationError
from yabot.playground.guard import is_loopback
from yabot.runtime.http import HttpServer

Peer = tuple[str, int]


class Listener(HttpServer):
    def __init__(self, app: Any, host: str, port: int) -> None:
        """Raises ``ConfigurationError`` for a host that other machines could reach."""
        if not is_loopback(host):
            raise ConfigurationError(
                [f"The playground serves this machine only: {host} is not a loopback address."]
            )
        super().__init__(app, host, port, variable="PLAYGROUND_PORT")

    def hang_up(self, peer: Peer) -> None:
        """Close the connection of ``peer`` at once; an answer on it is lost."""
        for connection in list(self._server.server_state.connections):
            if getattr(connection, "client", None) == peer:
                connection.transport.abort()
