"""The client that waits for each answer."""

import ssl
from contextlib import closing
from types import TracebackType
from typing import Self

import httpx

from yabot_client.bounded import BoundedTransport, bounded_by
from yabot_client.calls import Answer, Call
from yabot_client.configured import Configured
from yabot_client.operations import Operations
from yabot_client.receiving import FAILURES, Receiving, built, failure_of
from yabot_client.tls import Lines
from yabot_client.wire import Done, Failure, HttpRequest, HttpResponse, Reply, Wait, advance


class Client(Configured, Operations):
    """YABOT's operations as methods; any number of threads may call them at once."""

    def _open(self) -> None:
        Operations.__init__(self, self._call)
        self._lines = Lines(self._tls, self._made)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._lines.current.close()

    def _made(self, context: ssl.SSLContext) -> httpx.HTTPTransport:
        return BoundedTransport(context, self._proxy)

    def _call(self, call: Call) -> Answer:
        steps = self._exchange.run(call)
        step = advance(steps, None)
        while not isinstance(step, Done):
            step = advance(steps, self._do(step))
        return step.value

    def _do(self, step: HttpRequest | Wait) -> Reply:
        if isinstance(step, Wait):
            self._clock.sleep(step.seconds)
            return None
        lines, former = self._lines.take()
        try:
            return self._reply(lines, step)
        finally:
            for each in [*former, *self._lines.give_back(lines)]:
                each.close()

    def _reply(self, lines: httpx.HTTPTransport, request: HttpRequest) -> HttpResponse | Failure:
        receiving = Receiving(request, self._clock.monotonic)
        try:
            with (
                bounded_by(receiving.left),
                closing(lines.handle_request(built(request))) as response,
            ):
                for part in response.iter_raw():
                    receiving.add(part)
                return receiving.response(response)
        except FAILURES as error:
            return failure_of(error)
