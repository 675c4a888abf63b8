"""Who is slow, or does not listen, takes nobody else's turn."""

import asyncio
from typing import Any

from tests.api.client import as_it_says, without_haste
from yabot.api.admission.gate import Admission
from yabot.api.admission.turns import AT_ONCE
from yabot.api.answering.problems import Problem
from yabot.api.phases import Message, Receive, Send

AWAY = Problem(401, "away", "Nobody is known here.")


async def reads_and_answers(scope: Message, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Client:
    """Sends a whole request and takes its answer, unless a test lets it rest in one of them."""

    def __init__(
        self, gate: Admission, service: str, *, sends: bool = True, listens: bool = True
    ) -> None:
        self._gate = gate
        self._service = service
        self._sends = sends
        self._listens = listens
        self.heard: list[int] = []

    async def ask(self) -> None:
        says = f"Bearer {self._service} admin".encode()
        headers = [(b"authorization", says), (b"content-length", b"2")]
        scope: dict[str, Any] = {"type": "http", "path": "/api/v1/x", "headers": headers}
        await self._gate(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self._sends:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def _send(self, message: Message) -> None:
        if not self._listens:
            await asyncio.Event().wait()
        if message["type"] == "http.response.start":
            self.heard.append(message["status"])


async def asked_behind(gate: Admission, slow: list[Client]) -> list[int]:
    """What another service hears while the ``slow`` ones rest."""
    resting = [asyncio.create_task(each.ask()) for each in slow]
    last = Client(gate, "last")
    asking = asyncio.create_task(last.ask())
    for _ in range(20):
        await asyncio.sleep(0)
    for task in (*resting, asking):
        task.cancel()
    await asyncio.gather(*resting, asking, return_exceptions=True)
    return last.heard


async def test_bodies_that_come_slowly_hold_up_nobody_else() -> None:
    gate = Admission(reads_and_answers, as_it_says, without_haste())
    slow = [Client(gate, f"slow{n % 2}", sends=False) for n in range(2 * AT_ONCE)]
    assert await asked_behind(gate, slow) == [200]


async def test_answers_that_nobody_takes_hold_up_nobody_else() -> None:
    gate = Admission(reads_and_answers, as_it_says, without_haste())
    deaf = [Client(gate, f"deaf{n % 2}", listens=False) for n in range(2 * AT_ONCE)]
    assert await asked_behind(gate, deaf) == [200]


async def test_refusals_that_nobody_takes_hold_up_nobody_else() -> None:
    async def knows_nobody(_scope: Message) -> Any:
        raise AWAY.refuse()

    gate = Admission(reads_and_answers, knows_nobody, without_haste())
    deaf = [Client(gate, "deaf", listens=False) for _ in range(2 * AT_ONCE)]
    assert await asked_behind(gate, deaf) == [401]
