"""Another service, beside a running program."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession

from tests.api.client import ApiClient
from tests.api.tokens import token_for
from tests.e2e.program import Program


@asynccontextmanager
async def service_of(program: Program) -> AsyncIterator[ApiClient]:
    """One that may do everything."""
    async with ClientSession(f"http://127.0.0.1:{program.settings['API_PORT']}") as session:
        yield ApiClient(session, token=token_for(program))
