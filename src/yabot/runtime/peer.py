"""Who is at the other end of a connection, by what neither it nor a proxy can say of itself."""

import base64
import hashlib
import ipaddress
import ssl
from asyncio import BaseTransport
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# In the state of a request's scope.
PEER = "peer"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that a client has shown, and an authority that we believe has signed."""

    sha256: bytes
    # In small letters.
    dns_names: frozenset[str]
    ends_at: datetime

    @property
    def fingerprint(self) -> str:
        return self.sha256.hex()

    @property
    def thumbprint(self) -> str:
        """As tokens name it: ``x5t#S256``."""
        return thumbprint(self.sha256)


@dataclass(frozen=True, slots=True)
class Peer:
    """``encrypted`` and ``local``: by the connection to us itself, whatever was before a proxy."""

    encrypted: bool = False
    # It is on this machine.
    local: bool = False
    # Whether clients are asked for certificates.
    asked: bool = False
    certificate: Certificate | None = None


NOBODY = Peer()


def peer_of(scope: Mapping[str, Any]) -> Peer:
    """Of a request. Who is not known is believed nothing."""
    found: Peer = scope.get("state", {}).get(PEER, NOBODY)
    return found


def peer_at(transport: BaseTransport, theirs: str | None, ours: str | None) -> Peer:
    """At the other end of a connection, by the addresses of its ends."""
    connection: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    if connection is None:
        return Peer(local=_same_machine(theirs, ours))
    return Peer(
        encrypted=True,
        local=_same_machine(theirs, ours),
        asked=connection.context.verify_mode is not ssl.CERT_NONE,
        certificate=_certificate(connection),
    )


def thumbprint(sha256: bytes) -> str:
    return base64.urlsafe_b64encode(sha256).rstrip(b"=").decode()


def _certificate(connection: ssl.SSLObject) -> Certificate | None:
    encoded, told = connection.getpeercert(binary_form=True), connection.getpeercert()
    # What is told of one that nobody has checked is nothing.
    if not encoded or not told:
        return None
    names: Any = told.get("subjectAltName", ())
    return Certificate(
        hashlib.sha256(encoded).digest(),
        frozenset(name.lower() for kind, name in names if kind == "DNS"),
        datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC),
    )


def _same_machine(theirs: str | None, ours: str | None) -> bool:
    """From loopback, or from the very address that was called."""
    if theirs is None or ours is None:
        return False
    address = _address(theirs)
    return address.is_loopback or address == _address(ours)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address
