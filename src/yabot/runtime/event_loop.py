"""The event loop of long-running programs."""

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's loop, or asyncio's if uvloop is not installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
