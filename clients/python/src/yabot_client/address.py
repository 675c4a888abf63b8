"""Where YABOT is."""

from ipaddress import ip_address

import httpx

from yabot_client.errors import Misconfigured


def read_address(url: str, *, allow_http: bool) -> httpx.URL:
    """``allow_http``: also without TLS, to other machines. Raises Misconfigured."""
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        raise Misconfigured("The address must be a URL, such as https://yabot:8080.") from None
    if found.scheme not in ("http", "https") or not found.host:
        raise Misconfigured("The address must begin with https:// or http://, and name a host.")
    if found.userinfo or found.query or found.fragment:
        raise Misconfigured("The address must be without user, password, query and fragment.")
    if found.scheme == "http" and not (allow_http or _is_this_machine(found.host)):
        raise Misconfigured(
            "http:// to another machine lets anybody in between read tokens and users' data: take "
            "https://, or encrypt with decryption_keys, or say allow_http=True where something "
            "else protects the way."
        )
    return found


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
