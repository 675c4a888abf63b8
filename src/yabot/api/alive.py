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
# A program that listens on all addresses is asked at the loopback one.
ALL = frozenset(("0.0.0.0", "::"))  # noqa: S104 - nothing is bound here


def main(environ: Mapping[str, str]) -> int:
    """Ask both ports: a process listens on one of them, depending on its roles."""
    ports = (int(environ.get("API_PORT") or 8080), int(environ.get("HEALTH_PORT") or 8082))
    host = environ.get("API_HOST") or LOOPBACK
    host = LOOPBACK if host in ALL else host
    connect = _by_tls if environ.get("API_TLS_CERT_FILE") else _in_clear
    return 0 if any(_answers(connect(host, port)) for port in ports) else 1


def _answers(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _in_clear(host: str, port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(host, port, timeout=PATIENCE)


def _by_tls(host: str, port: int) -> http.client.HTTPConnection:
    """Does not check the certificate, which is for a name: we ask an address of this machine."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)


if __name__ == "__main__":
    sys.exit(main(os.environ))
