"""A service that follows the log by the API, as its documentation says."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.api.client import Answered, ApiClient

NEXT = re.compile(r'<(?P<path>[^>]*)>; rel="next"')


@dataclass
class Follower:
    api: ApiClient
    cursor: str = "begin"
    events: list[dict[str, Any]] = field(default_factory=list)

    async def page(self, limit: int = 100, *types: str) -> Answered:
        """Asks once, and goes on from there the next time."""
        wanted = "".join(f"&event_type={each}" for each in types)
        answered = await self.api.get(f"/events?after={self.cursor}&limit={limit}{wanted}")
        if answered.status == 200:
            self.cursor = answered.body["next"]
            self.events += answered.body["items"]
        return answered

    async def drain(self, limit: int = 100, *types: str) -> None:
        while (await self.page(limit, *types)).body["more"]:
            pass

    @property
    def actions(self) -> list[str]:
        return [event["payload"]["action"] for event in self.events]


def link_of(answered: Answered) -> str:
    """Where a refusal says to go on, under the API's prefix."""
    found = NEXT.fullmatch(answered.headers["Link"])
    assert found is not None
    return found["path"].removeprefix("/api/v1")


def texts(events: Sequence[dict[str, Any]]) -> list[str]:
    return [json.dumps(event, sort_keys=True) for event in events]
