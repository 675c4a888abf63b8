"""The API's role: what features and the framework offer to other services."""

from yabot.api.app import build_api
from yabot.api.caller import Caller
from yabot.api.door import Door
from yabot.api.phases import App, Message
from yabot.api.problems import Problem
from yabot.api.routes import Routes
from yabot.app.assembly import build_catalog
from yabot.app.foundation import Foundation
from yabot.events.asyncapi import asyncapi_document

UNAUTHENTICATED = Problem(401, "token_missing", "A valid token is needed.")


def api_app(base: Foundation) -> App:
    """To be opened when the roles have started."""
    catalog = build_catalog(base.features)
    return build_api(
        asyncapi_document(catalog, base.settings.bus_partitions), _offered(base), _nobody
    )


def _offered(base: Foundation) -> list[Routes]:
    door = Door(base.services.commits)
    return [each.api(base.services, door) for each in base.features if each.api is not None]


async def _nobody(_scope: Message) -> Caller:
    raise UNAUTHENTICATED.refuse()
