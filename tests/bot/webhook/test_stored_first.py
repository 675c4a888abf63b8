"""200 means stored; what comes again, late or all at once, is harmless; without SQL, 503."""

import asyncio
import random

import pytest

from tests.bot.webhook.listener import Listener, message
from yabot.bot.intake import Intake
from yabot.bot.waiting import WaitingUpdates
from yabot.events.envelope import EventPayload
from yabot.events.intake import UpdateUnreadable

OF_TOMORROW = '{"update_id": 1, "message": {"has": "other parts"}}'

pytestmark = pytest.mark.criterion("5.3.2", "5.4.1")


async def test_with_the_answer_in_hand_the_row_is_there(listener: Listener) -> None:
    for update_id in range(1, 30):
        assert await listener.post(message(update_id)) == 200
        rows = await listener.stored()
        assert rows[-1]["update_id"] == update_id
        assert rows[-1]["state"] == "waiting"


async def test_a_burst_out_of_order_and_twice_over_is_stored_once_each(
    listener: Listener,
) -> None:
    numbers = [*range(1, 101)] * 2
    random.Random(7).shuffle(numbers)
    answers = await asyncio.gather(*(listener.post(message(number)) for number in numbers))
    assert set(answers) == {200}
    rows = await listener.stored()
    assert [row["update_id"] for row in rows] == list(range(1, 101))


async def test_what_comes_again_is_handled_again_only_while_it_waits(listener: Listener) -> None:
    """Its first delivery may have been stored without anybody's hearing so."""
    intake = Intake(listener.database, bot_id=1, partitions=4)
    assert await listener.post(message(1)) == 200
    (found,) = await WaitingUpdates(intake).find(range(4), known=())
    update = found.incoming
    assert await intake.store([update]) == [update]
    await listener.database.write(intake.finished(1, "done"))
    assert await intake.store([update]) == []
    assert await listener.post(message(1)) == 200
    assert len(await listener.stored()) == 1


async def test_without_sql_nothing_is_acknowledged(listener: Listener) -> None:
    listener.database.gate.reason = "the disk is full"
    assert await listener.post(message(1)) == 503
    listener.database.gate.reason = None
    assert await listener.stored() == []
    assert await listener.post(message(1)) == 200


@pytest.mark.parametrize(
    ("payload", "kind"), [(OF_TOMORROW, "message"), ("[]", "unknown"), ("no JSON", "unknown")]
)
async def test_what_another_version_stored_and_this_one_cannot_read_stops_nothing_and_is_kept(
    listener: Listener, payload: str, kind: str
) -> None:
    told: list[EventPayload] = []
    intake = Intake(listener.database, bot_id=1, partitions=4, tell=told.append)
    for update_id in (1, 2):
        assert await listener.post(message(update_id)) == 200
    await listener.database.write(
        lambda connection: connection.exec_driver_sql(
            f"UPDATE updates SET payload = '{payload}' WHERE update_id = 1"
        )
    )
    for _ in range(2):
        found = await WaitingUpdates(intake).find(range(4), known=())
        assert [each.incoming.update_id for each in found] == [2]
    rows = await listener.stored()
    assert [row["state"] for row in rows] == ["unreadable", "waiting"]
    assert rows[0]["payload"] == payload
    assert told == [UpdateUnreadable(update_type=kind)]
