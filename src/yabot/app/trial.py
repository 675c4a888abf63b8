"""A first request to the API, for a person who tries the program."""

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

    None in production, and none with HTTPS, where curl would have to know the certificate.
    """
    if settings.production or url.startswith("https:"):
        return []
    # A process may lack the private keys: then there is no command.
    with suppress(ConfigurationError):
        token = issue(token_keys(settings.api.keys_dir), SERVICE, READS, HOLDS)
        return [f"Ask it   curl -H 'Authorization: Bearer {token}' '{url}/api/v1/users?limit=5'"]
    return []
