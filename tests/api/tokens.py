"""Tokens for a running program, issued in this process by the keys that it has."""

from datetime import timedelta
from typing import Any

from tests.e2e.program import Program
from yabot.api.auth.issuing import issue
from yabot.api.auth.keys import token_keys
from yabot.api.caller import SCOPES


def token_for(program: Program, *scopes: str, service: str = "orders") -> str:
    """For an hour; without ``scopes`` it may do everything."""
    folder = token_keys(program.data / "keys")
    return issue(folder, service, scopes or SCOPES, timedelta(hours=1))


def bearer(program: Program, *scopes: str, **named: Any) -> dict[str, str]:
    """The headers of a request with such a token."""
    return {"Authorization": f"Bearer {token_for(program, *scopes, **named)}"}
