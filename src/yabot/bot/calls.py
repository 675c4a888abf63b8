"""Calls that are on their way to a chat: until one is answered, Telegram knows more than we do."""

from asyncio import Event
from collections.abc import Iterator
from contextlib import contextmanager


class Calls:
    """``Delivery`` registers its calls here; whoever needs their answers waits for them. After a
    restart no call is under way.
    """

    def __init__(self) -> None:
        # By chat, an event for each call, set when the call has been answered or has failed.
        self._ends: dict[int, set[Event]] = {}

    @contextmanager
    def under_way(self, chat_id: int) -> Iterator[None]:
        """Mark a call as running; ``until_answered`` waits for the end of the block."""
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
