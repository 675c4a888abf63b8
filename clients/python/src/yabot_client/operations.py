"""YABOT's operations."""

from yabot_client.calls import Send


class Operations:
    def __init__(self, send: Send) -> None:
        self._send = send
