"""A playground in a process of its own, for tests that kill it: prints its url and token."""

import asyncio
import sys
from pathlib import Path

from yabot.playground.server import PlaygroundServer


def main() -> None:
    """Arguments: where it keeps what it knows, and its port."""
    _, store, port = sys.argv
    asyncio.run(_serve(Path(store), int(port)))


async def _serve(store: Path, port: int) -> None:
    server = PlaygroundServer(store, port=port)
    await server.start()
    print(server.url, server.bot_token, flush=True)
    await asyncio.Event().wait()
