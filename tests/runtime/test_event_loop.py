"""The program runs on uvloop, and on asyncio's loop where there is no uvloop."""

import asyncio
import subprocess
import sys

from yabot.cli.context import run_until_signalled


def test_what_runs_until_it_is_stopped_runs_on_uvloop() -> None:
    loops = []

    async def serve(_stop: asyncio.Event) -> None:
        loops.append(type(asyncio.get_running_loop()).__module__)

    run_until_signalled(serve)
    assert loops == ["uvloop"]


def test_without_uvloop_it_runs_on_asyncios_loop() -> None:
    program = (
        "import sys; sys.modules['uvloop'] = None\n"
        "from yabot.runtime.event_loop import new_event_loop\n"
        "print(type(new_event_loop()).__module__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().startswith("asyncio.")
