"""Puts the API's role together: what features and the framework offer to other services."""

from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from yabot.api.admission.fairness import Fairness
from yabot.api.admission.quota import Quota
from yabot.api.admission.turns import Turns
from yabot.api.app import build_api
from yabot.api.auth.authenticator import Authenticator
from yabot.api.auth.keys import token_keys
from yabot.api.auth.knowledge import Knowledge
from yabot.api.auth.published import key_routes
from yabot.api.auth.routes import token_routes
from yabot.api.auth.throttle import Throttle
from yabot.api.auth.used import UsedTokens
from yabot.api.counters import Counters
from yabot.api.encryption.exchange import Exchanges
from yabot.api.encryption.own_keys import OwnKeys
from yabot.api.openapi.document import build_document
from yabot.api.operations.door import Door
from yabot.api.operations.routes import Routes
from yabot.api.phases import App
from yabot.api.records.recorder import RequestRecorder
from yabot.app.assembly import build_services
from yabot.app.foundation import Foundation
from yabot.app.operators import for_operators
from yabot.bus import api as events
from yabot.errors import ConfigurationError, StoreUnavailable
from yabot.events.asyncapi import asyncapi_document
from yabot.feature import Feature, Services
from yabot.observability.logging import get_logger
from yabot.redaction import Redactor
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.sqlite import SqliteDatabase

log = get_logger(__name__)


async def api_app(base: Foundation, stack: AsyncExitStack) -> App:
    """The API, to be opened when the roles have started.

    Raises ConfigurationError when the folder of keys cannot be used.
    """
    catalog = base.services.commits.catalog
    own_keys = _own_keys(base.settings.api.keys_dir)
    knowledge = await _knowledge(base, own_keys, stack)
    counters = Counters(base.stores.redis, base.watches["redis"].gate)
    recorder = RequestRecorder()
    redactor = Redactor(base.settings.secrets())
    used, judge = UsedTokens(base.services.database), _throttle(base).judge
    return build_api(
        asyncapi_document(catalog, base.settings.bus_partitions),
        offered(base.services, base.features, redactor, recorder),
        Authenticator(knowledge, used, judge),
        _fairness(base, counters),
        recorder,
        [key_routes(lambda: knowledge.published, lambda: own_keys.published)],
        Exchanges(own_keys, used, judge),
    )


def _fairness(base: Foundation, counters: Counters) -> Fairness:
    quota = Quota(counters, base.settings.api.requests_per_minute)
    return Fairness(quota, Turns(base.do_readers_wait))


def _throttle(base: Foundation) -> Throttle:
    # Separate counters: strangers with many addresses must not push out the counts of services.
    counters = Counters(base.stores.redis, base.watches["redis"].gate)
    return Throttle(counters, base.incidents.tell_once)


def offered(
    services: Services,
    features: Sequence[Feature],
    redactor: Redactor,
    recorder: RequestRecorder,
) -> list[Routes]:
    """The routes of the features and of the framework. The ``redactor`` knows what nobody may see,
    the ``recorder`` what was asked."""
    door = Door(services.commits)
    of_features = [each.api(services, door) for each in features if each.api is not None]
    of_operators = for_operators(services.database, redactor, recorder, door)
    of_framework = [events.routes(services.commits, door), token_routes(services.database, door)]
    return [*of_features, *of_framework, *of_operators]


def openapi_document(features: Sequence[Feature]) -> dict[str, Any]:
    return build_document(offered_on_paper(features))


def offered_on_paper(features: Sequence[Feature]) -> list[Routes]:
    """The routes for describing them only: they have no stores, so none can be called."""
    nothing = Path("unused")
    database = SqliteDatabase(nothing, pool_size=1, timeout_ms=1)
    documents = DocumentStore("mongodb://unused", "unused", max_pool_size=1, timeout_ms=1)
    services = build_services(features, database, documents, partitions=1)
    return offered(services, features, Redactor(), RequestRecorder())


def _own_keys(folder: Path) -> OwnKeys:
    """Our keys, made if there are none. A process that may not write there waits for them."""
    keys = OwnKeys(folder)
    try:
        keys.make()
    except ConfigurationError as error:
        log.warning("api.no_encryption_keys", reason=str(error))
    return keys


async def _knowledge(base: Foundation, own_keys: OwnKeys, stack: AsyncExitStack) -> Knowledge:
    """Knowledge of keys and services: reads them once now, and then by its loop."""
    folder, database = base.settings.api.keys_dir, base.services.database
    knowledge = Knowledge(token_keys(folder), database, own_keys.look)
    with suppress(StoreUnavailable):
        await knowledge.look()
    base.observe(knowledge.loop, base.watches["sql"])
    knowledge.loop.start()
    # Without waiting: nobody needs its knowledge any more.
    stack.push_async_callback(knowledge.loop.finish, 0)
    return knowledge
