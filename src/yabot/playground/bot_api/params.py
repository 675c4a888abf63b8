"""A method's parameters: text in forms and queries, any JSON in a JSON body."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from yabot.playground.bot_api.errors import bad_request

TRUE_WORDS = frozenset({"true", "yes", "1", "t", "y"})


class Params:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """Empty when it is absent."""
        value = self._values.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """The default also when it is no number: Telegram does not mind."""
        try:
            return int(self.text(name))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in TRUE_WORDS

    def parsed(self, name: str, meaning: str) -> Any:
        """JSON, also when it was sent as text; None when absent. ``meaning`` is for the error."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {meaning} JSON object") from None


async def read_params(request: Request) -> Params:
    """Query and body together, as Telegram takes them: JSON, urlencoded or multipart."""
    values: dict[str, Any] = dict(request.query_params)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        values |= await _json_body(request)
    elif content_type:
        async with request.form() as form:
            values |= {name: value for name, value in form.items() if isinstance(value, str)}
    return Params(values)


async def _json_body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(body, dict):
        raise bad_request("object expected")
    return body
