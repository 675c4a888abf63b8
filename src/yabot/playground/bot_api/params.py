"""A method's parameters: text in forms and queries, any JSON in a JSON body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from yabot.playground.bot_api.errors import bad_request

TRUE_WORDS = frozenset({"true", "yes", "1", "t", "y"})


@dataclass(frozen=True)
class Upload:
    name: str
    mime_type: str
    body: bytes


class Params:
    def __init__(
        self, values: Mapping[str, Any], uploads: Mapping[str, Upload] | None = None
    ) -> None:
        self._values = values
        self._uploads = uploads or {}

    def text(self, name: str) -> str:
        """Empty when it is absent."""
        value = self._values.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """The default also for anything but a number, as with Telegram."""
        try:
            return whole_number(self.text(name))
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
            return _read_json(value)
        except ValueError:
            raise bad_request(f"can't parse {meaning} JSON object") from None

    def upload(self, name: str) -> Upload | None:
        """The file sent as this parameter, or as the part that it names: ``attach://<part>``."""
        part = self.text(name).removeprefix("attach://") or name
        return self._uploads.get(part)


async def read_params(request: Request) -> Params:
    """Query and body together, as Telegram takes them: JSON, urlencoded or multipart."""
    values: dict[str, Any] = dict(request.query_params)
    uploads: dict[str, Upload] = {}
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        values |= await _json_body(request)
    elif content_type:
        try:
            async with request.form() as form:
                for name, value in form.items():
                    if isinstance(value, str):
                        values[name] = value
                    else:
                        uploads[name] = await _upload(value)
        except (HTTPException, MultiPartException):
            raise bad_request("can't parse the form") from None
    return Params(values, uploads)


def whole_number(given: object) -> int:
    """Raises ValueError for anything but a whole number of at most 64 bits."""
    number = int(str(given))
    if not -(2**63) <= number < 2**63:
        raise ValueError("out of range")
    return number


def _read_json(text: str | bytes) -> Any:
    """Raises ValueError, also for lone surrogates and for values that are nested too deeply."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


async def _upload(part: UploadFile) -> Upload:
    kind = part.content_type or "application/octet-stream"
    return Upload(part.filename or "file", kind, await part.read())


async def _json_body(request: Request) -> dict[str, Any]:
    try:
        body = _read_json(await request.body() or b"{}")
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(body, dict):
        raise bad_request("object expected")
    return body
