"""Where YABOT is, and a proxy before it."""

from ipaddress import ip_address

import httpx

from yabot_client.errors import Misconfigured


def read_address(url: str, *, allow_http: bool) -> httpx.URL:
    """``allow_http``: also without TLS, to other machines. Raises Misconfigured."""
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, UnicodeError):
        raise Misconfigured("The address must be a URL, such as https://yabot:8080.") from None
    if found.scheme not in ("http", "https") or not found.raw_host:
        raise Misconfigured("The address must begin with https:// or http://, and name a host.")
    if not can_be_reached(found):
        raise Misconfigured(
            "The address must name a host that can be one, and a port from 1 to 65535."
        )
    if found.userinfo or found.query or found.fragment:
        raise Misconfigured("The address must be without user, password, query and fragment.")
    if found.scheme == "http" and not (allow_http or _is_this_machine(found.host)):
        raise Misconfigured(
            "http:// to another machine lets anybody in between read tokens and users' data: take "
            "https://, or encrypt with decryption_keys, or say allow_http=True where something "
            "else protects the way."
        )
    return found


def can_be_reached(url: httpx.URL) -> bool:
    """Whether sockets take its host and port: httpx leaves what they do not to each request."""
    try:
        url.raw_host.decode("ascii").encode("idna")
        host = url.host
    except UnicodeError:
        return False
    return bool(host) and (url.port is None or 1 <= url.port <= 65535)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
