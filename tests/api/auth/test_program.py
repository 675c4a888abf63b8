"""The running program's API, asked with and without tokens that are worth something."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import Any

from tests.api.tokens import bearer
from tests.e2e.program import Program
from tests.waiting import PATIENCE, wait_until

NOBODY = "/api/v1/user/1/state"


def asked(
    program: Program, path: str, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], Any]:
    """Status, headers by their names in small letters, and body."""
    url = f"http://127.0.0.1:{program.settings['API_PORT']}{path}"
    request = urllib.request.Request(url, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, _named(answer.headers), json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, _named(error.headers), json.load(error)


def test_who_has_a_token_is_let_in(playing: Program) -> None:
    status, _, body = asked(playing, NOBODY, bearer(playing, "users:read"))
    assert (status, body["code"]) == (404, "user_unknown")


def test_who_has_none_is_not(playing: Program) -> None:
    status, headers, body = asked(playing, NOBODY)
    assert (status, body["code"]) == (401, "token_missing")
    assert headers["www-authenticate"] == 'Bearer realm="yabot"'


def test_everybody_may_read_the_public_keys(playing: Program) -> None:
    bearer(playing)
    # It looks into the folder every few seconds.
    wait_until(lambda: bool(asked(playing, "/.well-known/jwks.json")[2]["keys"]))
    (key, *_) = asked(playing, "/.well-known/jwks.json")[2]["keys"]
    assert (key["kty"], key["alg"], key["use"]) == ("OKP", "Ed25519", "sig")
    assert "d" not in key


def _named(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
