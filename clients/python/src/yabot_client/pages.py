"""Lists that come in pages, gone over item by item."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Generic, TypedDict, TypeVar

T = TypeVar("T")


class Page(TypedDict, Generic[T]):
    """A part of a list. ``next`` is the cursor of the part behind it: null when there is none.

    Of what never ends, such as all events, ``next`` is always there, and ``more`` says whether
    there is anything behind it now.
    """

    items: list[T]


class _Place(Generic[T]):
    """How far an iteration has come.

    ``cursor`` is where to go on later, as ``after``. It moves on when a page's last item has been
    dealt with, that is, when another one is asked for: whoever goes on from there is given the
    items of the page again in which it stopped, and misses none.
    """

    def __init__(self, after: str | None) -> None:
        self.cursor = after
        self._items: Iterator[T] = iter(())
        self._next = after
        self._ended = False

    def _turn_to(self, page: Page[T]) -> None:
        said: Mapping[str, Any] = page
        self._items = iter(page["items"])
        self._next = said["next"]
        self._ended = not said.get("more", self._next is not None)

    def _leave_page(self) -> bool:
        """Whether there is another one."""
        self.cursor = self._next or self.cursor
        return not self._ended


class Pages(_Place[T], Iterator[T]):
    """The items of all pages, each page asked for when it is needed."""

    def __init__(self, ask: Callable[[str | None], Page[T]], after: str | None) -> None:
        super().__init__(after)
        self._ask = ask

    def __next__(self) -> T:
        while True:
            for item in self._items:
                return item
            if not self._leave_page():
                raise StopIteration
            self._turn_to(self._ask(self.cursor))


class AsyncPages(_Place[T], AsyncIterator[T]):
    """The items of all pages, each page asked for when it is needed."""

    def __init__(self, ask: Callable[[str | None], Awaitable[Page[T]]], after: str | None) -> None:
        super().__init__(after)
        self._ask = ask

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            if not self._leave_page():
                raise StopAsyncIteration
            self._turn_to(await self._ask(self.cursor))
