"""The client for asyncio."""

import asyncio
import ssl
from contextlib import aclosing
from types import TracebackType
from typing import Self

import httpx

from yabot_client.async_operations import AsyncOperations
from yabot_client.calls import Answer, Call
from yabot_client.configured import Configured
from yabot_client.receiving import FAILURES, Receiving, built, failure_of
from yabot_client.tls import Lines
from yabot_client.wire import Done, Failure, HttpRequest, HttpResponse, Reply, Wait, advance


class AsyncClient(Configured, AsyncOperations):
    """YABOT's operations as methods; any number of tasks of one loop may call them at once."""

    def _open(self) -> None:
        AsyncOperations.__init__(self, self._call)
        self._lines = Lines(self._tls, self._made)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends its connections."""
        await self._lines.current.aclose()

    def _made(self, context: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False, proxy=self._proxy)

    async def _call(self, call: Call) -> Answer:
        steps = self._exchange.run(call)
        step = advance(steps, None)
        while not isinstance(step, Done):
            step = advance(steps, await self._do(step))
        return step.value

    async def _do(self, step: HttpRequest | Wait) -> Reply:
        if isinstance(step, Wait):
            await self._clock.sleep_async(step.seconds)
            return None
        lines, former = self._lines.take()
        try:
            return await self._reply(lines, step)
        finally:
            for each in [*former, *self._lines.give_back(lines)]:
                await each.aclose()

    async def _reply(
        self, lines: httpx.AsyncHTTPTransport, request: HttpRequest
    ) -> HttpResponse | Failure:
        receiving = Receiving(request, self._clock.monotonic)
        asked = built(request)
        asked.extensions["trace"] = receiving.trace
        bound = asyncio.timeout(request.timeout)
        try:
            async with bound, aclosing(await lines.handle_async_request(asked)) as response:
                async for part in response.aiter_raw():
                    receiving.add(part)
                return receiving.response(response)
        except FAILURES as error:
            return failure_of(receiving.late() if bound.expired() else error)
