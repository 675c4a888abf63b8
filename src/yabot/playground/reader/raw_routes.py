"""Updates that no reader could send from the page, as Telegram may deliver them one day."""

import json
from typing import Any

from fastapi import APIRouter, Request

from yabot.playground.reader.context import Store
from yabot.playground.reader.errors import Refused
from yabot.playground.store import updates

Json = dict[str, Any]

router = APIRouter(prefix="/playground")


@router.post("/updates", status_code=201)
async def deliver_as_it_is(database: Store, request: Request) -> Json:
    """The body is queued as it is, or each of its elements when it is a list."""
    try:
        given = json.loads(await request.body())
    except ValueError:
        raise Refused(400, "The body is no JSON.") from None
    several = given if isinstance(given, list) else [given]
    numbers = await database.run(lambda tx: [updates.add_as_it_is(tx, each) for each in several])
    return {"update_ids": numbers}
