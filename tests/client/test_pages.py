"""Lists gone over page by page: nothing is left out, whenever one stops and goes on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yabot_client.async_operations import AsyncOperations
from yabot_client.calls import Answer, Call
from yabot_client.operations import Operations
from yabot_client.types import Envelope, UserSummary

SIZES = st.lists(st.integers(0, 3), min_size=1, max_size=6)


@dataclass
class Pages:
    """Users from 0 on, or their events, in pages of such sizes; the third page's cursor is "2"."""

    sizes: Sequence[int]
    # Of what never ends: it says by itself whether more stands there.
    endless: bool = False
    asked: list[str | None] = field(default_factory=list)

    def __call__(self, call: Call) -> Answer:
        after = dict(call.query).get("after")
        self.asked.append(after)
        number = int(after or 0)
        begin = sum(self.sizes[:number])
        numbers = range(begin, begin + self.sizes[number]) if number < len(self.sizes) else ()
        items = [{"user_id": str(each)} for each in numbers]
        last = number >= len(self.sizes) - 1
        page: dict[str, Any] = {"items": items, "next": None if last else str(number + 1)}
        if self.endless:
            page = {"items": items, "next": str(min(number + 1, len(self.sizes))), "more": not last}
        return Answer(200, {}, page)

    async def later(self, call: Call) -> Answer:
        return self(call)

    @property
    def all(self) -> list[int]:
        return [*range(sum(self.sizes))]


def numbers(items: Iterable[UserSummary | Envelope]) -> list[int]:
    return [int(each["user_id"] or "") for each in items]


@given(sizes=SIZES)
def test_all_items_come_once_and_in_order(sizes: list[int]) -> None:
    pages = Pages(sizes)
    assert numbers(Operations(pages).iterate_users()) == pages.all
    assert len(pages.asked) == len(sizes)


@given(sizes=SIZES)
async def test_so_they_do_to_who_awaits_them(sizes: list[int]) -> None:
    pages = Pages(sizes)
    users = AsyncOperations(pages.later).iterate_users()
    assert numbers([each async for each in users]) == pages.all


@given(sizes=SIZES, stop=st.integers(0, 18))
def test_whoever_goes_on_from_a_cursor_misses_nothing(sizes: list[int], stop: int) -> None:
    pages = Pages(sizes)
    users = Operations(pages).iterate_users()
    dealt_with = [user for user, _ in zip(users, range(stop), strict=False)]
    rest = [*Operations(pages).iterate_users(after=users.cursor)]
    assert sorted({*numbers(dealt_with), *numbers(rest)}) == pages.all
    # No more than the page is repeated in which it stopped.
    assert len(dealt_with) + len(rest) <= len(pages.all) + max(sizes)


def test_the_next_page_is_asked_for_when_it_is_needed() -> None:
    pages = Pages([2, 2])
    users = Operations(pages).iterate_users(limit=2)
    assert pages.asked == []
    next(users)
    next(users)
    assert (pages.asked, users.cursor) == ([None], None)
    next(users)
    assert (pages.asked, users.cursor) == ([None, "1"], "1")


def test_what_never_ends_is_gone_over_as_far_as_it_is_there() -> None:
    pages = Pages([2, 0, 1], endless=True)
    events = Operations(pages).iterate_events()
    assert numbers(events) == [0, 1, 2]
    assert events.cursor == "3"
    # Later there is more.
    later = Pages([2, 0, 1, 2], endless=True)
    assert numbers(Operations(later).iterate_events(after=events.cursor)) == [3, 4]


def test_an_iterator_that_has_ended_stays_ended() -> None:
    users = Operations(Pages([1])).iterate_users()
    assert numbers(users) == [0]
    with pytest.raises(StopIteration):
        next(users)
