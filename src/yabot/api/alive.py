"""``python -m yabot.api.alive``: whether the program's event loop turns; exit 0 if so.

For a container's health check, many times an hour: it imports nothing but the standard library.
"""

import http.client
import os
import socket
import ssl
import sys
from collections.abc import Callable, Mapping

PATIENCE = 3  # seconds
LOOPBACK = "127.0.0.1"


def main(environ: Mapping[str, str]) -> int:
    """A process listens on one of the two, by its roles."""
    ports = (int(environ.get("API_PORT") or 8080), int(environ.get("HEALTH_PORT") or 8082))
    ask = _shakes_hands if environ.get("API_TLS_CERT_FILE") else _answers
    return 0 if any(_succeeds(ask, port) for port in ports) else 1


def _succeeds(ask: Callable[[int], bool], port: int) -> bool:
    try:
        return ask(port)
    except (OSError, http.client.HTTPException):
        return False


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
    connection.request("GET", "/health/live")
    return connection.getresponse().status == 200


def _shakes_hands(port: int) -> bool:
    """The loop does that too; to ask for more, a certificate of our own may be needed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((LOOPBACK, port), PATIENCE) as connection,
        context.wrap_socket(connection) as shaken,
    ):
        return shaken.version() is not None


if __name__ == "__main__":
    sys.exit(main(os.environ))
