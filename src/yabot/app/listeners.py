"""Where a process will listen; this is known, and can be checked, before anything starts."""

from collections.abc import Collection, Iterator

from yabot.runtime.ports import Place
from yabot.settings import Settings

LOOPBACK = "127.0.0.1"


def listeners(settings: Settings, roles: Collection[str]) -> Iterator[Place]:
    """The places that a process with these roles cannot do without."""
    api, telegram = settings.api, settings.telegram
    if "api" in roles:
        yield Place("API_PORT", api.host, api.port, "API_HOST")
    elif "health_port" in api.model_fields_set:
        # If it is not set, one of the next ports will do.
        yield Place("HEALTH_PORT", api.host, api.health_port, "API_HOST")
    if "bot" in roles and telegram.webhook_url is not None:
        yield Place("WEBHOOK_PORT", telegram.webhook_host, telegram.webhook_port, "WEBHOOK_HOST")
    if "bot" in roles and settings.playground:
        yield Place("PLAYGROUND_PORT", LOOPBACK, settings.playground_port)
