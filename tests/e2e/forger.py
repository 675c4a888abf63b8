"""A reader whose client sends other data than the button carries."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.meddler import Meddler
from tests.e2e.program import Program
from tests.e2e.reader import Reader

Json = dict[str, Any]


@dataclass(frozen=True)
class Forger:
    """Between the program and the playground, which knows the buttons and refuses all others."""

    program: Program
    telegram_url: str
    meddler: Meddler

    async def press(self, reader: Reader, button: str, data: str) -> None:
        """Press ``button``, and let the bot hear ``data``."""
        with self._saying(data):
            await reader.touch(button)
            await reader.until(lambda chat: not any(message["pending"] for message in chat))

    @contextmanager
    def _saying(self, data: str) -> Iterator[None]:
        def deliver(updates: list[Json]) -> list[Json]:
            for update in updates:
                if "callback_query" in update:
                    update["callback_query"]["data"] = data
            return updates

        honest, self.meddler.deliver = self.meddler.deliver, deliver
        try:
            yield
        finally:
            self.meddler.deliver = honest
