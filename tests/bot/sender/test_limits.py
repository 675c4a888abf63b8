"""Telegram's limits, by the clock of the sender: what is late on its way is not sent too fast."""

import asyncio
from collections.abc import Sequence
from time import monotonic

import pytest
from typing_extensions import override

from tests.bot.sender.desk import at_the_desk
from tests.bot.sender.recorder import Recorder
from tests.waiting import until
from yabot.bot.limits import BOT_PER_SECOND, CHAT_BURST, UNCOUNTED, SendLimits
from yabot.storage.relational.database import Database


class Watched(SendLimits):
    """Knows when each chat first asked, and when it was allowed to be written to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[int, float] = {}
        self.allowed: list[tuple[int, float]] = []

    @override
    async def wait(self, chat_id: int, method: str) -> None:
        self.asked.setdefault(chat_id, monotonic())
        await super().wait(chat_id, method)
        self.allowed.append((chat_id, monotonic()))

    def moments(self, chat_id: int | None = None) -> list[float]:
        return [at for chat, at in self.allowed if chat_id in {None, chat}]


def most_within(moments: Sequence[float], seconds: float) -> int:
    """The largest number of them in any such window."""
    return max(sum(start <= at < start + seconds for at in moments) for start in moments)


async def test_no_second_sees_more_than_thirty_messages(
    sqlite_database: Database, recorder: Recorder
) -> None:
    messages, limits = 75, Watched()
    async with at_the_desk(sqlite_database, recorder, limits) as desk:
        await asyncio.gather(*(desk.hand_in(1000 + n, f"to {n}") for n in range(messages)))
        await until(desk.all_marked)
    assert len(recorder.taken) == messages
    # The first of a window may have been noted late, and the next was due then.
    assert most_within(limits.moments(), 1.0) <= BOT_PER_SECOND + 2


async def test_a_chat_gets_a_short_burst_and_then_one_a_second(
    sqlite_database: Database, recorder: Recorder
) -> None:
    limits = Watched()
    async with at_the_desk(sqlite_database, recorder, limits) as desk:
        await asyncio.gather(desk.hand_in(7, *(f"{n}" for n in range(6))), desk.hand_in(8, "other"))
        await until(desk.all_marked)
    to_seven = [call for call in recorder.calls if call.chat_id == 7]
    assert [call.text for call in to_seven] == [f"{n}" for n in range(6)]
    # Three of the six have to wait for a second each.
    assert limits.moments(7)[-1] - limits.asked[7] > 6 - CHAT_BURST - 0.1
    # Nobody waits for a chat that has used up its share.
    (other,) = limits.moments(8)
    assert other < limits.moments(7)[-1]


@pytest.mark.parametrize("method", sorted(UNCOUNTED))
async def test_what_is_no_message_waits_for_nothing(method: str) -> None:
    limits = SendLimits()
    for _ in range(2 * BOT_PER_SECOND):
        with pytest.raises(StopIteration):
            limits.wait(7, method).send(None)


async def test_processes_share_what_the_bot_may_send() -> None:
    """By the loop's clock: with a tenth of it, one message in a third of a second."""
    limits, messages = SendLimits(), 3
    limits.take(0.1)
    clock = asyncio.get_running_loop().time
    began = clock()
    for chat_id in range(messages + 1):
        await limits.wait(chat_id, "sendMessage")
    assert clock() - began > 0.9 * messages / (0.1 * BOT_PER_SECOND)
