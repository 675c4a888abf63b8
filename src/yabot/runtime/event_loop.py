"""The event loop of what runs until it is stopped."""

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, or asyncio's where that is not installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
