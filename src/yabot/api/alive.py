"""``python -m yabot.api.alive``: whether the program's event loop turns; exit 0 if so.

For a container's health check, many times an hour: it imports nothing but the standard library.
"""

import http.client
import os
import ssl
import sys
from collections.abc import Mapping

PATIENCE = 3  # seconds
LOOPBACK = "127.0.0.1"


def main(environ: Mapping[str, str]) -> int:
    """A process listens on one of the two, by its roles."""
    ports = (int(environ.get("API_PORT") or 8080), int(environ.get("HEALTH_PORT") or 8082))
    connect = _by_tls if environ.get("API_TLS_CERT_FILE") else _in_clear
    return 0 if any(_answers(connect(port)) for port in ports) else 1


def _answers(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _in_clear(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)


def _by_tls(port: int) -> http.client.HTTPConnection:
    """Whoever answers on this machine's loopback: the certificate is for another name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(LOOPBACK, port, timeout=PATIENCE, context=context)


if __name__ == "__main__":
    sys.exit(main(os.environ))
