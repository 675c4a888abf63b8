"""Where a request comes from, by what its sender cannot choose: never by what it says of itself."""

import ipaddress
from collections.abc import Sequence

from yabot.api.phases import Message
from yabot.runtime.peer import peer_of

# The prefix length of an IPv6 network that one sender may have for itself.
OF_ONE_SENDER = 64


def peers_of(scope: Message) -> Sequence[str]:
    """The address, and the client's certificate if it has shown one. Behind a trusted proxy, it is
    the address that the proxy tells (``API_TRUSTED_PROXIES``).
    """
    host, *_ = scope.get("client") or ("",)
    certificate = peer_of(scope).certificate
    shown = [f"certificate {certificate.fingerprint}"] if certificate else []
    return [_address(host), *shown]


def _address(host: str) -> str:
    """The address. A proxy may send any text: one that is no address is not repeated."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "an unknown address"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, OF_ONE_SENDER), strict=False))
