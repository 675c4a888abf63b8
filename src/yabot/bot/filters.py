"""Which button was pressed."""

import re

from aiogram.filters import Filter
from aiogram.types import CallbackQuery


class Pressed(Filter):
    """A press whose whole callback data match ``pattern``.

    ``F.data`` would say the same, but aiogram asks each synchronous filter in another thread:
    six of them cost more than all the rest of an update's dispatch.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    async def __call__(self, query: CallbackQuery) -> bool:
        return self._pattern.fullmatch(query.data or "") is not None
