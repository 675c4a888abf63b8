"""A process that makes a client, asks, and forks: both of them then go on asking."""

import os

from tests.client.asking import READ
from yabot_client import Client


def ask_and_fork(url: str, key: str) -> None:
    """Asks three times: before the fork, in the child, and in the parent behind that."""
    with Client(url, service="orders", key=key) as client:
        client._send(READ)
        child = os.fork()
        if child == 0:
            _ask_and_end(client)
        _, ended = os.waitpid(child, 0)
        assert ended == 0
        client._send(READ)


def _ask_and_end(client: Client) -> None:
    """Of the parent nothing goes on here, whatever happens."""
    failed = True
    try:
        client._send(READ)
        failed = False
    finally:
        os._exit(failed)
