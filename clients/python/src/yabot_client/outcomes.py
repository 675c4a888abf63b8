"""What came of one try of a call."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from yabot_client.calls import Answer
from yabot_client.clock import seconds_of_date
from yabot_client.codes import CODES
from yabot_client.errors import FieldError, Refused, UntrustedAnswer, YabotError
from yabot_client.tagged import NOT_MODIFIED
from yabot_client.wire import Failure, HttpResponse

PROBLEM = "application/problem+json"
JSON = "application/json"
NO_CONTENT = 204
# A stranger's text is told only as far as it is one.
_CODE = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status from 400 on, and what a caller is told if that is the end of it."""

    error: YabotError
    status: int
    # Empty where there is none that we know.
    code: str
    # Seconds.
    retry_after: float | None
    # When it was made, since 1970, by the clock of whoever made it.
    made_at: float | None
    # Anybody may have made it, also after YABOT has done what was asked.
    is_hint: bool = False


Outcome = Answer | Refusal | Failure


def outcome_of(status: int, headers: Mapping[str, str], body: bytes) -> Answer | Refusal:
    """Of what is YABOT's word. Raises UntrustedAnswer for what cannot be."""
    found = httpx.Headers(headers)
    if 200 <= status < 300:
        return Answer(status, found, None if status == NO_CONTENT else _parsed(body, found))
    if status == NOT_MODIFIED:
        return Answer(status, found)
    if status < 400:
        raise UntrustedAnswer(
            f"The answer is {status}, a redirection: YABOT makes none, so the address is another's."
        )
    told = _problem(found, body)
    code, retry_after = _text(told, "code"), retry_after_of(found)
    error = CODES.get(code, Refused)(
        status,
        code,
        _text(told, "detail") or "The answer does not say why; a proxy may have given it.",
        errors=_faults(told.get("errors")),
        correlation_id=_text(told, "correlation_id") or found.get("x-correlation-id"),
        retry_after=retry_after,
    )
    return Refusal(error, status, code, retry_after, seconds_of_date(found.get("date")))


def hint_of(response: HttpResponse) -> Refusal:
    """Of what anybody may have written, where YABOT's word is signed and encrypted.

    Raises UntrustedAnswer for what is not even a refusal.
    """
    if response.status < 400:
        raise UntrustedAnswer(
            f"The answer (status {response.status}) is not encrypted, so nothing shows that it is "
            "YABOT's: whoever stands between may have made it, or the service is not registered "
            "with --encrypt-to."
        )
    code = _text(_problem(response.headers, response.content), "code")
    code = code if _CODE.fullmatch(code) else ""
    error = UntrustedAnswer(
        f"The answer ({response.status} {code}".rstrip() + ") is not encrypted. It is a hint, and "
        "nobody's word: YABOT refuses so before it knows who asks, but whoever stands between may "
        "have made it up."
    )
    headers = response.headers
    made_at = seconds_of_date(headers.get("date"))
    return Refusal(error, response.status, code, retry_after_of(headers), made_at, is_hint=True)


def retry_after_of(headers: httpx.Headers) -> float | None:
    """Seconds; a date counts from when the answer was made, whatever our clock shows."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    at, made_at = seconds_of_date(text), seconds_of_date(headers.get("date"))
    return None if at is None or made_at is None else max(0.0, at - made_at)


def _parsed(body: bytes, headers: httpx.Headers) -> Any:
    if not headers.get("content-type", "").lower().startswith(JSON):
        raise UntrustedAnswer("The answer is no JSON, as YABOT's are: something else has answered.")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise UntrustedAnswer("The answer says it is JSON, and is not.") from None
    if not isinstance(parsed, dict):
        raise UntrustedAnswer(
            "The answer is JSON, and no object, as YABOT's are: something else has answered."
        )
    return parsed


def _problem(headers: httpx.Headers, body: bytes) -> dict[str, Any]:
    if not headers.get("content-type", "").lower().startswith(PROBLEM):
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(told: Mapping[str, Any], name: str) -> str:
    found = told.get(name)
    return found if isinstance(found, str) else ""


def _faults(found: object) -> list[FieldError]:
    if not isinstance(found, list):
        return []
    return [
        FieldError(_text(each, "pointer"), _text(each, "detail"))
        for each in found
        if isinstance(each, dict)
    ]
