"""A playground in a process of its own, for tests that kill it: prints its url and token."""

import asyncio
import sys
from pathlib import Path

from yabot.playground.server import PlaygroundServer


async def serve(store: Path, port: int) -> None:
    server = PlaygroundServer(store, port=port)
    await server.start()
    print(server.url, server.bot_token, flush=True)
    await asyncio.Event().wait()


asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
