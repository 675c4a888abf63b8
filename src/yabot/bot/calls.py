"""Calls that are on their way to a chat: until one is answered, Telegram knows more than we do."""

from asyncio import Event
from collections.abc import Iterator
from contextlib import contextmanager


class Calls:
    """Made by ``Delivery``, asked by whoever needs what a call under way will tell. After a restart
    none is under way.
    """

    def __init__(self) -> None:
        # By chat, what is set when the call has been answered or has failed.
        self._ends: dict[int, set[Event]] = {}

    @contextmanager
    def under_way(self, chat_id: int) -> Iterator[None]:
        """While the call runs; ``until_answered`` waits for the end of it."""
        end, ends = Event(), self._ends.setdefault(chat_id, set())
        ends.add(end)
        try:
            yield
        finally:
            end.set()
            ends.discard(end)
            if not ends:
                self._ends.pop(chat_id, None)

    async def until_answered(self, chat_id: int) -> None:
        """Wait for the calls that are under way to the chat now, not for any that begin later."""
        for end in tuple(self._ends.get(chat_id, ())):
            await end.wait()
