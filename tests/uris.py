"""The addresses of engines, which hold passwords, taken apart and put together again."""

from urllib.parse import urlsplit

from yabot.embedded.users import MEMBER


def port_of(uri: str) -> int:
    port = urlsplit(uri).port
    assert port is not None
    return port


def moved_to(uri: str, port: int) -> str:
    """The same behind a proxy at ``port``; a replica set's member is reached without its set."""
    whole = urlsplit(uri)
    place = f"{whole.username or ''}:{whole.password}@127.0.0.1:{port}"
    query = "directConnection=true" if whole.scheme == "mongodb" else whole.query
    return whole._replace(netloc=place, query=query).geturl()


def as_member(uri: str) -> str:
    """Embedded mongod's, with the rights of the server itself."""
    whole = urlsplit(uri)
    place = f"{MEMBER['username']}:{whole.password}@127.0.0.1:{whole.port}"
    query = f"directConnection=true&authSource={MEMBER['authSource']}"
    return whole._replace(netloc=place, query=query).geturl()


def place_of(uri: str) -> str:
    """Host, port and what follows, without who enters."""
    return uri.rpartition("@")[2]
