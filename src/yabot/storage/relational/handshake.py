"""Connecting to PostgreSQL, with the reason when its certificate is not trusted.

libpq says only ``certificate verify failed``.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

UNTOLD = "certificate verify failed"
# PostgreSQL's request for TLS: a length, and a code.
SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
AGREED = b"S"
# Seconds for each server.
PATIENCE = 1.0
# Where libpq looks for authorities if none is named, and the name of the system's own.
DEFAULT_AUTHORITIES = Path("~/.postgresql/root.crt")
SYSTEM = "system"


def connect(conninfo: str = "", **parameters: Any) -> psycopg.Connection[Any]:
    """Like psycopg's, but its errors have OpenSSL's reason about a certificate as their cause."""
    try:
        return psycopg.connect(conninfo, **parameters)
    except psycopg.OperationalError as error:
        if UNTOLD not in str(error):
            raise
        why = next(_reasons({**conninfo_to_dict(conninfo), **parameters}), error)
        raise psycopg.OperationalError("the server is not believed") from why


def _reasons(parameters: dict[str, Any]) -> Iterator[ssl.SSLError]:
    """OpenSSL's verification errors from the servers that are named."""
    hosts = str(parameters.get("host") or "").split(",")
    addresses = str(parameters.get("hostaddr") or "").split(",")
    ports = str(parameters.get("port") or 5432).split(",")
    for n, host in enumerate(hosts):
        address = addresses[n] if len(addresses) == len(hosts) else ""
        port = ports[n] if len(ports) == len(hosts) else ports[0]
        # RuntimeError: this user has no home directory.
        with suppress(OSError, ValueError, RuntimeError):
            try:
                _greet(address or host, int(port or 5432), host, parameters)
            except ssl.SSLCertVerificationError as error:
                yield error


def _greet(address: str, port: int, name: str, parameters: dict[str, Any]) -> None:
    """Raises ssl.SSLCertVerificationError, OSError, ValueError, RuntimeError."""
    context = _context(parameters)
    with socket.create_connection((address, port), PATIENCE) as line:
        if parameters.get("sslnegotiation") == "direct":
            context.set_alpn_protocols(["postgresql"])
        else:
            line.sendall(SSL_REQUEST)
            if line.recv(1) != AGREED:
                return
        context.wrap_socket(line, server_hostname=name).close()


def _context(parameters: dict[str, Any]) -> ssl.SSLContext:
    named = parameters.get("sslrootcert") or str(DEFAULT_AUTHORITIES.expanduser())
    context = ssl.create_default_context(cafile=None if named == SYSTEM else named)
    if (certificate := parameters.get("sslcert")) and (key := parameters.get("sslkey")):
        context.load_cert_chain(certificate, key, str(parameters.get("sslpassword") or ""))
    return context
