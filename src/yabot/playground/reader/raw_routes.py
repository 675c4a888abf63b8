"""Updates that no reader could send from the page, as Telegram may deliver them one day."""

import json
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request

from yabot.playground.reader.context import Store
from yabot.playground.reader.errors import Refused
from yabot.playground.store import updates

Json = dict[str, Any]

# Python's own limit is some hundreds more, less the calls under way.
MOST_NESTED = 500

router = APIRouter(prefix="/playground")


@router.post("/updates", status_code=201)
async def deliver_as_it_is(database: Store, request: Request) -> Json:
    """The body is queued as it is, or each of its elements when it is a list."""
    given = _read(await request.body())
    several = given if isinstance(given, list) else [given]
    numbers = await database.run(lambda tx: [updates.add_as_it_is(tx, each) for each in several])
    return {"update_ids": numbers}


def _read(body: bytes) -> Any:
    """Refuse a body that could not be written again as JSON, for the bot."""
    try:
        given = json.loads(body)
        # Python reads and writes NaN and infinities, which no other program takes for JSON.
        json.dumps(given, allow_nan=False)
    except ValueError:
        raise Refused(400, "The body is no JSON.") from None
    except RecursionError:
        raise _too_deep() from None
    level = [given]
    for _ in range(MOST_NESTED + 1):
        level = [inner for each in level for inner in _inside(each)]
    if level:
        raise _too_deep()
    return given


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> Refused:
    return Refused(400, f"The body is nested more than {MOST_NESTED} times.")
