from tests.outages import conftest
from tests.outages.test_all_away import *
import time
async def test_defaults(new_world):
    conftest.PATIENCE.clear()
    world = new_world(postgres=True)
    world.program.start()
    async with readers(world.program.url, "L") as (l,):
        await l.ask("/story")
        lose_all(world,"frozen")
        for _ in range(5): await l.send("/story")
        t=time.monotonic(); world.program.interrupt_group(); print("code",world.program.exit_code(15), time.monotonic()-t)
        world.program.launch(); time.sleep(9)
        t=time.monotonic(); world.program.interrupt_group(); print("code",world.program.exit_code(15), time.monotonic()-t)
    await restore_all(world)
