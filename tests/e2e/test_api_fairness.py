"""Services and readers in one program: who waits for whom."""

import asyncio

from tests.api.running import service_of
from tests.e2e.program import Program
from tests.e2e.reader import readers
from tests.waiting import until


def rests(program: Program) -> float:
    """How often it has let a service wait for readers."""
    lines = program.metrics().splitlines()
    (line,) = [line for line in lines if line.startswith("yabot_api_rests_total ")]
    return float(line.split()[1])


async def test_services_make_way_for_readers_whose_updates_are_under_way(playing: Program) -> None:
    async with readers(playing.url, "Lucía") as (reader,), service_of(playing) as service:
        await reader.ask("/start")
        before = await asyncio.to_thread(rests, playing)

        async def have_made_way() -> bool:
            """Whether some request of several met an update that was being handled."""
            asking = (service.get(f"/user/{reader.user_id}/state") for _ in range(8))
            await asyncio.gather(reader.send("/help"), *asking)
            return await asyncio.to_thread(rests, playing) > before

        await until(have_made_way)
