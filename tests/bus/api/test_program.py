"""A service follows the running program's events, and tells of one."""

import asyncio
from http import HTTPStatus
from typing import Any

import aiohttp

from tests.api.tokens import bearer
from tests.bus.inbound.posting import post
from tests.bus.inbound.service import Sent
from tests.e2e.program import Program
from tests.e2e.reader import readers
from tests.waiting import until


class Watching:
    """All that happens from its first question on; ``seen`` is what it has had of one user."""

    def __init__(self, session: aiohttp.ClientSession, user_id: int) -> None:
        self._session = session
        self._user_id = str(user_id)
        self._after = "latest"
        self.seen: list[dict[str, Any]] = []

    async def look(self) -> None:
        more = True
        while more:
            path = f"/api/v1/events?limit=50&after={self._after}"
            async with self._session.get(path) as answer:
                assert answer.status == HTTPStatus.OK
                page = await answer.json()
            self._after, more = page["next"], page["more"]
            self.seen += [e for e in page["items"] if e.get("user_id") == self._user_id]


async def test_what_a_reader_does_and_a_service_tells_comes_once_and_in_order(
    playing: Program,
) -> None:
    url = f"http://127.0.0.1:{playing.settings['API_PORT']}"
    async with (
        readers(playing.url, "Olga") as (olga,),
        aiohttp.ClientSession(url, headers=bearer(playing, "events:read")) as session,
    ):
        watching = Watching(session, olga.user_id)
        await watching.look()
        await olga.ask("/start")
        await watching.look()
        told = Sent(f"of {olga.user_id}", 1, user_id=str(olga.user_id)).now()
        assert await post(playing, f"of {olga.user_id}", told) == HTTPStatus.ACCEPTED
        await olga.ask("/balance")

        async def has_come() -> bool:
            await watching.look()
            return told.event_id in [event["event_id"] for event in watching.seen]

        await until(has_come)
        stored = await asyncio.to_thread(playing.stores.outbox, olga.user_id)
        await watching.look()
        own = [event["sequence"] for event in watching.seen if "sequence" in event]
        assert own == list(range(1, len(own) + 1))
        found = [event["event_id"] for event in watching.seen]
        assert found[: len(stored)] == [event["event_id"] for event in stored]
        async with session.get(f"/api/v1/user/{olga.user_id}/events?order=oldest") as answer:
            listed = (await answer.json())["items"]
        assert listed[: len(found)] == watching.seen
