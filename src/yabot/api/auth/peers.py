"""From where a request comes, by what its sender cannot choose: never by what it says of itself."""

import ipaddress
from collections.abc import Sequence

from yabot.api.phases import Message
from yabot.runtime.peer import peer_of

# As much of an IPv6 address as one sender may have for itself.
OF_ONE_SENDER = 64


def peers_of(scope: Message) -> Sequence[str]:
    """The address, and the client's certificate if it has shown one.

    A proxy that is trusted has told the address: ``API_TRUSTED_PROXIES``.
    """
    host, *_ = scope.get("client") or ("",)
    certificate = peer_of(scope).certificate
    shown = [f"certificate {certificate.fingerprint}"] if certificate else []
    return [_address(host), *shown]


def _address(host: str) -> str:
    """A proxy may tell anything: what is no address is not repeated."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "an unknown address"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, OF_ONE_SENDER), strict=False))
