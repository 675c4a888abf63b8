"""The API's role alone accepts other services' events; a worker takes them in when there is one."""

import asyncio
from http import HTTPStatus

from tests.bus.inbound.posting import TAKEN_IN, WAITING, post
from tests.bus.inbound.service import Sent
from tests.instances.fleet import Fleet
from tests.waiting import wait_until


async def test_what_is_posted_while_redis_and_workers_are_away_takes_effect_later(
    fleet: Fleet,
) -> None:
    api = await asyncio.to_thread(fleet.offer, REDIS_URL="redis://127.0.0.1:1")
    sent = [Sent(f"{n}", n) for n in range(3)]
    for again in range(2):
        assert await post(api, "one", *reversed(sent)) == HTTPStatus.ACCEPTED
        assert fleet.stores.value(WAITING) == len(sent), again
    api.kill9()
    fleet.hire()
    await asyncio.to_thread(wait_until, lambda: fleet.stores.value(WAITING) == 0)
    found = [row["event_id"] for row in fleet.stores.rows(TAKEN_IN, "7")]
    assert found == [each.event_id for each in sent]
