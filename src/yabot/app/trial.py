"""A first question to the API, for whoever has started the program by hand to try it."""

from contextlib import suppress
from datetime import timedelta

from yabot.api.auth.issuing import issue
from yabot.api.auth.keys import token_keys
from yabot.api.caller import SCOPES
from yabot.errors import ConfigurationError
from yabot.settings import Settings

SERVICE = "development"
HOLDS = timedelta(hours=1)
READS = tuple(scope for scope in SCOPES if scope.endswith(":read"))


def first_question(settings: Settings, url: str) -> list[str]:
    """A command that works at once, with a token that reads and soon expires.

    Not in production; and not where a certificate is asked for, of which curl would have to know.
    """
    if settings.production or url.startswith("https:"):
        return []
    # Who only reads keys may be without the private ones, and asks no question.
    with suppress(ConfigurationError):
        token = issue(token_keys(settings.api.keys_dir), SERVICE, READS, HOLDS)
        return [f"Ask it   curl -H 'Authorization: Bearer {token}' '{url}/api/v1/users?limit=5'"]
    return []
