"""One question to several servers at once."""

import asyncio

import pytest

from tests.waiting import PATIENCE
from yabot.bus.topologies.asking import ask_all

SOON, LATER, NEVER = 0.01, 0.05, 3600.0


async def answer(seconds: float, text: str) -> str:
    await asyncio.sleep(seconds)
    return text


async def failure(seconds: float, text: str) -> str:
    await asyncio.sleep(seconds)
    raise ConnectionError(text)


async def test_those_who_answer_a_little_later_are_heard_too() -> None:
    async with asyncio.timeout(PATIENCE):
        answers, failures = await ask_all(
            [answer(LATER, "b"), answer(SOON, "a"), answer(NEVER, "c"), failure(SOON, "d")]
        )
    assert answers == ["b", "a"]
    assert list(map(str, failures)) == ["d"]


async def test_a_failure_is_no_answer() -> None:
    answers, _ = await ask_all([failure(0, "a"), answer(LATER, "b")])
    assert answers == ["b"]


async def test_when_all_have_failed_each_says_why() -> None:
    answers, failures = await ask_all([failure(LATER, "a"), failure(SOON, "b")])
    assert answers == []
    assert list(map(str, failures)) == ["a", "b"]


async def test_nothing_goes_on_behind_whoever_gave_up() -> None:
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await ask_all([answer(NEVER, "a")])
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
