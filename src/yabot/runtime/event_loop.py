"""The event loop of what runs until it is stopped."""

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, which takes a fifth less processor time for an update; asyncio's where it is not
    installed.
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
