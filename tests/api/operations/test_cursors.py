"""Cursors: a client can give one back, and do nothing else with it."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.storage.fixtures import NewDatabase
from yabot.api.answering.problems import Refused
from yabot.api.operations.cursors import CURSOR_INVALID, MOST_CHARACTERS, Cursors, Listing

KEY = b"k" * 32
ORDERS = Listing(KEY, b"list_orders")
POSITIONS = st.one_of(st.integers(), st.text(), st.lists(st.integers(min_value=0)))


class Row(BaseModel):
    id: int


@given(POSITIONS)
def test_a_cursor_gives_the_place_back(position: int | str | list[int]) -> None:
    assert ORDERS.position(ORDERS.cursor(position), begin=type(position)()) == position


@given(POSITIONS, st.data())
def test_whoever_changes_a_cursor_is_refused(
    position: int | str | list[int], data: st.DataObject
) -> None:
    cursor = ORDERS.cursor(position)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda each: each != cursor[place]))
    refused(cursor[:place] + other + cursor[place + 1 :])


@given(st.text())
def test_whatever_else_is_no_cursor(text: str) -> None:
    refused(text)


def test_a_cursor_is_of_its_operation_its_filters_and_its_key() -> None:
    cursor = ORDERS.cursor(7)
    for other in (Listing(KEY, b"list_users"), Listing(b"o" * 32, b"list_orders")):
        with pytest.raises(Refused):
            other.position(cursor, begin=0)


def test_a_cursor_of_another_form_is_refused() -> None:
    refused(ORDERS.cursor([1, 2]))
    refused(ORDERS.cursor("7"))
    # As a later version might sign it.
    place = b"2" + json.dumps(7).encode()
    signed = urlsafe_b64encode(ORDERS._signature(place) + place)
    refused(signed.decode().rstrip("="))


def test_the_place_is_readable_but_no_more_than_that() -> None:
    cursor = ORDERS.cursor(7)
    assert urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).endswith(b"17")


def test_a_place_in_each_of_the_most_partitions_fits() -> None:
    assert len(ORDERS.cursor([10**12] * 1024)) < MOST_CHARACTERS


def test_a_page_has_a_next_one_when_more_was_found() -> None:
    rows = [Row(id=n) for n in (3, 5, 8)]
    page = ORDERS.page(rows, 2, place=lambda row: row.id)
    assert [row.id for row in page.items] == [3, 5]
    assert ORDERS.position(page.next, begin=0) == 5
    assert ORDERS.page(rows, 3, place=lambda row: row.id).next is None
    assert ORDERS.page([], 3, place=lambda row: row.id).next is None


async def test_instances_share_the_secret_and_find_it_again(new_database: NewDatabase) -> None:
    one, other = new_database(), new_database()
    await asyncio.gather(one.open(), other.open())
    at_once = (Cursors(each).of("list_orders", state="dead") for each in (one, other, one, other))
    listings = await asyncio.gather(*at_once)
    later = await Cursors(other).of("list_orders", state="dead")
    cursors = {listing.cursor(7) for listing in (*listings, later)}
    assert len(cursors) == 1
    (cursor,) = cursors
    with pytest.raises(Refused):
        (await Cursors(one).of("list_orders", state="retry")).position(cursor, begin=0)


def refused(cursor: str) -> None:
    with pytest.raises(Refused) as refusal:
        ORDERS.position(cursor, begin=0)
    assert refusal.value.kind is CURSOR_INVALID
