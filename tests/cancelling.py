"""A cancellation of what is awaited."""

import asyncio


async def await_what_is_cancelled() -> None:
    """By somebody else, and not by those who would end whoever awaits it."""
    helper = asyncio.create_task(asyncio.Event().wait())
    helper.cancel()
    await helper
