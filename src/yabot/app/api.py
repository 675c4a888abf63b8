"""The API's role: what features and the framework offer to other services."""

from contextlib import AsyncExitStack, suppress

from yabot.api.app import build_api
from yabot.api.auth.authenticator import Authenticator
from yabot.api.auth.keys import KeyFolder
from yabot.api.auth.knowledge import Knowledge
from yabot.api.auth.published import key_routes
from yabot.api.counters import Counters
from yabot.api.door import Door
from yabot.api.fairness import Fairness
from yabot.api.phases import App
from yabot.api.quota import Quota
from yabot.api.routes import Routes
from yabot.api.turns import Turns
from yabot.app.assembly import build_catalog
from yabot.app.foundation import Foundation
from yabot.app.operators import for_operators
from yabot.errors import StoreUnavailable
from yabot.events.asyncapi import asyncapi_document


async def api_app(base: Foundation, stack: AsyncExitStack) -> App:
    """To be opened when the roles have started.

    Raises ConfigurationError when the folder of keys cannot be used.
    """
    catalog = build_catalog(base.features)
    knowledge = await _knowledge(base, stack)
    counters = Counters(base.stores.redis, base.watches["redis"].gate)
    return build_api(
        asyncapi_document(catalog, base.settings.bus_partitions),
        _offered(base),
        Authenticator(knowledge),
        _fairness(base, counters),
        [key_routes(lambda: knowledge.published)],
    )


def _fairness(base: Foundation, counters: Counters) -> Fairness:
    quota = Quota(counters, base.settings.api.requests_per_minute)
    return Fairness(quota, Turns(base.do_readers_wait))


def _offered(base: Foundation) -> list[Routes]:
    door = Door(base.services.commits)
    offered = [each.api(base.services, door) for each in base.features if each.api is not None]
    return [*offered, *for_operators(base.services.database, door)]


async def _knowledge(base: Foundation, stack: AsyncExitStack) -> Knowledge:
    """Of keys and services: once looked at, and then by its loop."""
    knowledge = Knowledge(KeyFolder(base.settings.api.keys_dir), base.services.database)
    with suppress(StoreUnavailable):
        await knowledge.look()
    base.observe(knowledge.loop, base.watches["sql"])
    knowledge.loop.start()
    # Nobody asks it any more.
    stack.push_async_callback(knowledge.loop.finish, 0)
    return knowledge
