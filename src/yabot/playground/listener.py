"""The playground's HTTP listener: this machine only, and able to hang up in mid-sentence."""

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
        """Closes the connection of ``peer`` at once; whatever is answered on it goes nowhere."""
        for connection in list(self._server.server_state.connections):
            if getattr(connection, "client", None) == peer:
                connection.transport.abort()
