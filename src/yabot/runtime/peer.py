"""Who is at the other end of a connection, by facts that neither peer nor proxy can forge."""

import base64
import hashlib
import ipaddress
import ssl
from asyncio import BaseTransport
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# The key in the state of a request's scope.
PEER = "peer"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client's certificate, signed by an authority that we trust."""

    sha256: bytes
    # In lower case.
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
    """``encrypted`` and ``local`` are about the connection to us itself, not one to a proxy."""

    encrypted: bool = False
    # Whether the peer is on this machine.
    local: bool = False
    # Whether clients are asked for certificates.
    asked: bool = False
    certificate: Certificate | None = None


NOBODY = Peer()


def peer_of(scope: Mapping[str, Any]) -> Peer:
    """The peer of a request; an unknown one gets no trust."""
    found: Peer = scope.get("state", {}).get(PEER, NOBODY)
    return found


def peer_at(transport: BaseTransport, theirs: str | None, ours: str | None) -> Peer:
    """The peer of a connection; ``theirs`` and ``ours`` are the addresses of its ends."""
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
    # Of a certificate that was not verified, getpeercert tells nothing.
    if not encoded or not told:
        return None
    names: Any = told.get("subjectAltName", ())
    return Certificate(
        hashlib.sha256(encoded).digest(),
        frozenset(name.lower() for kind, name in names if kind == "DNS"),
        datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC),
    )


def _same_machine(theirs: str | None, ours: str | None) -> bool:
    """Whether the peer's address is loopback, or our own."""
    if theirs is None or ours is None:
        return False
    address = _address(theirs)
    return address.is_loopback or address == _address(ours)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address
