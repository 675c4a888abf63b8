"""Services and readers in one program: who waits for whom."""

import asyncio

from tests.api.running import service_of
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.reader import readers
from tests.waiting import wait_until

# The update is stored, and its commit on its way.
UNDER_WAY = KillPoint("sql", "INSERT INTO receipts", fate="wait")


def rests(program: Program) -> float:
    """How often it has let a service wait for readers."""
    lines = program.metrics().splitlines()
    (line,) = [line for line in lines if line.startswith("yabot_api_rests_total ")]
    return float(line.split()[1])


async def test_services_make_way_for_readers_whose_updates_are_under_way(playing: Program) -> None:
    async with readers(playing.url, "Lucía") as (reader,), service_of(playing) as service:
        await reader.ask("/start")
        before = await asyncio.to_thread(rests, playing)
        playing.arm(UNDER_WAY)
        try:
            await reader.send("/help")
            await asyncio.to_thread(wait_until, lambda: KillPoint.is_waited_at(playing.kill_file))
            asking = asyncio.create_task(service.get(f"/user/{reader.user_id}/state"))
            await asyncio.to_thread(wait_until, lambda: rests(playing) > before)
        finally:
            KillPoint.disarm(playing.kill_file)
        assert (await asking).status == 200
