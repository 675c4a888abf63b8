"""YABOT's operations."""

from yabot_client.calls import AsyncSend


class AsyncOperations:
    def __init__(self, send: AsyncSend) -> None:
        self._send = send
