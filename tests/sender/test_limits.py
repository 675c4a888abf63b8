"""Telegram's limits, by the clock of the server that they protect."""

import asyncio

from tests.sender.desk import at_the_desk
from tests.sender.recorder import Call, Recorder
from tests.waiting import until
from yabot.bot.limits import BOT_PER_SECOND, CHAT_BURST, SendLimits
from yabot.storage.relational.database import Database


def most_within(calls: list[Call], seconds: float) -> int:
    """The largest number of calls in any such window."""
    moments = sorted(call.at for call in calls)
    return max(sum(start <= at < start + seconds for at in moments) for start in moments)


async def test_no_second_sees_more_than_thirty_messages(
    sqlite_database: Database, recorder: Recorder
) -> None:
    messages = 75
    async with at_the_desk(sqlite_database, recorder, SendLimits()) as desk:
        await asyncio.gather(*(desk.hand_in(1000 + n, f"to {n}") for n in range(messages)))
        await until(desk.all_marked)
    assert len(recorder.taken) == messages
    # One more may have been delayed on its way, until the next was due.
    assert most_within(recorder.calls, 1.0) <= BOT_PER_SECOND + 1


async def test_a_chat_gets_a_short_burst_and_then_one_a_second(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_desk(sqlite_database, recorder, SendLimits()) as desk:
        await desk.hand_in(7, *(f"{n}" for n in range(6)))
        await desk.hand_in(8, "other")
        await until(desk.all_marked)
    to_seven = [call for call in recorder.calls if call.chat_id == 7]
    assert [call.text for call in to_seven] == [f"{n}" for n in range(6)]
    assert most_within(to_seven, 0.9) <= CHAT_BURST
    assert to_seven[-1].at - to_seven[0].at > 2.5
    # Nobody waits for a chat that has used up its share.
    (other,) = [call for call in recorder.calls if call.chat_id == 8]
    assert other.at < to_seven[-1].at
