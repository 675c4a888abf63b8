"""Gives the parts that features bring to the framework."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from aiogram import Bot, Dispatcher, Router
from aiogram.types import User as TelegramUser

from yabot.api import expiry as api_expiry
from yabot.api import personal_data as api_data
from yabot.api.auth import expiry as auth_expiry
from yabot.bot import expiry as bot_expiry
from yabot.bot import personal_data as bot_data
from yabot.bot.arguments import BoundedArguments
from yabot.bot.claims import Claims
from yabot.bot.failed_messages import FailedMessages, RefusedPage
from yabot.bot.filters import PressObserver
from yabot.bot.groups import GroupDoor, PrivateChatsOnly
from yabot.bot.handlers import take_handlers
from yabot.bot.localization import Texts
from yabot.bot.outcomes import OnBlocked
from yabot.bus import expiry as bus_expiry
from yabot.bus import personal_data as bus_data
from yabot.bus.groups.building import build_group
from yabot.bus.groups.group import SubscriberGroup
from yabot.coordinator import expiry as coordinator_expiry
from yabot.coordinator import personal_data as coordinator_data
from yabot.coordinator.coordinator import Coordinator
from yabot.coordinator.deadlines import Deadlines
from yabot.errors import ConfigurationError, StartupError
from yabot.events.access import ACCESS_EVENTS
from yabot.events.catalog import Catalog
from yabot.events.failures import FAILURE_EVENTS
from yabot.events.intake import INTAKE_EVENTS
from yabot.events.operations import FRAMEWORK_EVENTS
from yabot.feature import (
    Feature,
    Services,
    collections_of,
    group_names,
    state_parts,
)
from yabot.log import expiry as log_expiry
from yabot.log import personal_data as log_data
from yabot.log.commit_log import CommitLog
from yabot.log.incidents import StoreLost, StoreRestored
from yabot.log.leases import Leases
from yabot.log.personal_data import PersonalData
from yabot.log.retention import Ages, Retention, Rule
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.log.waits import whatever_passes
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.documents.model import VersionedDocument
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.subscriber import Subscriber
from yabot.trusted_clock import TrustedClock

log = get_logger(__name__)


def build_catalog(
    features: Sequence[Feature], from_outside: Sequence[str] | None = None
) -> Catalog:
    """``from_outside`` are the types that other services may send; None: all.

    Raises ConfigurationError when there is no such type.
    """
    catalog = Catalog(
        [
            *FRAMEWORK_EVENTS,
            *FAILURE_EVENTS,
            *INTAKE_EVENTS,
            *ACCESS_EVENTS,
            StoreLost,
            StoreRestored,
            *(event for each in features for event in each.events),
        ],
        from_outside,
        (chain for each in features for chain in each.chains),
    )
    if unknown := set(from_outside or ()).difference(catalog.names):
        raise ConfigurationError(
            [
                f"INBOUND_EVENT_TYPES: there is no event type {name}; `yabot events catalog` names "
                "those that there are"
                for name in sorted(unknown)
            ]
        )
    return catalog


def build_texts(features: Sequence[Feature]) -> Texts:
    return Texts(each.texts for each in features if each.texts)


def build_services(
    features: Sequence[Feature],
    database: Database,
    documents: DocumentStore,
    partitions: int,
    admins: tuple[int, ...] = (),
    *,
    data_dir: Path | None = None,
    support_contact: str | None = None,
    from_outside: Sequence[str] | None = None,
    legacy_store: Path | None = None,
) -> Services:
    """The services of all features, each made from those before it."""
    services = Services(
        database=database,
        documents=documents,
        commits=CommitLog(database, build_catalog(features, from_outside), partitions),
        texts=build_texts(features),
        # Reversed: the menu is the last feature, and its commands come first for readers.
        commands=tuple(command for each in reversed(features) for command in each.commands),
        admins=admins,
        menu=tuple(button for each in features for button in each.menu),
        data_dir=data_dir,
        support_contact=support_contact,
        state_parts=state_parts(features),
        legacy_store=legacy_store,
    )
    for each in features:
        if each.service is not None:
            services.add(each.name, each.service(services))
        if each.personal_data is not None:
            services.personal_data[each.name] = each.personal_data(services)
    services.personal_data |= framework_data(database)
    return services


def framework_data(database: Database) -> dict[str, PersonalData]:
    """What the framework itself keeps of users, by its part."""
    return {
        "api": api_data.personal_data(database),
        "bot": bot_data.personal_data(),
        "bus": bus_data.personal_data(database),
        "coordinator": coordinator_data.personal_data(database),
        "log": log_data.personal_data(database),
    }


def build_retention(
    features: Sequence[Feature], database: Database, days: int, clock: TrustedClock | None = None
) -> Retention:
    """It deletes nothing while ``clock`` (by default, a new one) is distrusted."""
    clock = clock or TrustedClock()
    return Retention(database, days, partial(_expired, features), clock.now)


def _expired(features: Sequence[Feature], ages: Ages) -> list[Rule]:
    lasting = [kind for each in features for kind in each.lasting]
    groups = group_names(features)
    unread, unread_since = bus_expiry.unread(groups), bus_expiry.unread_since(groups)
    needed = coordinator_expiry.explains_compensation()
    return [
        *api_expiry.expired(ages),
        *auth_expiry.expired(ages),
        *bot_expiry.expired(ages),
        *bus_expiry.expired(ages),
        *coordinator_expiry.expired(ages),
        *log_expiry.expired(ages, lasting, unread, unread_since, needed),
    ]


def build_dispatcher(
    features: Sequence[Feature], services: Services, me: Callable[[], TelegramUser]
) -> tuple[Dispatcher, GroupDoor]:
    """Handlers get ``database`` and every service, under its feature's name, as arguments.

    Raises StartupError for a handler that asks for another argument, or would never be called.
    """
    dispatcher = Dispatcher(disable_fsm=True)
    PressObserver.put_into(dispatcher)
    given: dict[str, object] = {"database": services.database, **services.by_name}
    dispatcher.workflow_data.update(given)
    door = GroupDoor(me, dispatcher)
    dispatcher.update.outer_middleware(PrivateChatsOnly(services.texts, door))
    dispatcher.message.middleware(BoundedArguments())
    for middleware in (each.middleware(services) for each in features if each.middleware):
        dispatcher.update.outer_middleware(middleware)
        given |= dict.fromkeys(getattr(middleware, "gives", ()))
    claims = Claims()
    for each in features:
        router = each.router(services) if each.router is not None else Router()
        claims.take(each.name, router, each.commands, each.menu)
        take_handlers(dispatcher, each.name, router, given)
    log.debug("dispatcher.built", features=[each.name for each in features])
    return dispatcher, door


def build_coordinators(features: Sequence[Feature], services: Services) -> dict[str, Coordinator]:
    """By the feature's name, a coordinator for each feature that has processes.

    Raises StartupError when two processes get in each other's way.
    """
    coordinators = {
        each.name: Coordinator(each.processes(services), services.commits)
        for each in features
        if each.processes is not None
    }
    kinds = Counter(kind for each in coordinators.values() for kind in each.definitions)
    for kind, count in kinds.items():
        if count > 1:
            raise StartupError(f"{count} features have a process called '{kind}'")
    return coordinators


def build_groups(
    features: Sequence[Feature],
    services: Services,
    leases: Leases,
    coordinators: Mapping[str, Coordinator],
) -> list[SubscriberGroup]:
    """A group for each feature that subscribes to anything, with the feature's name.

    Raises StartupError if two subscribers of one event have the same name.
    """
    subscribers: dict[str, list[Subscriber[Any]]] = {name: [] for name in group_names(features)}
    for each in features:
        if each.subscribers is not None:
            subscribers[each.name] += each.subscribers(services)
        if each.name in coordinators:
            subscribers[each.name] += coordinators[each.name].subscribers()
    _require_one_each([each for theirs in subscribers.values() for each in theirs])
    return [
        build_group(name, theirs, services.commits, leases) for name, theirs in subscribers.items()
    ]


def _require_one_each(subscribers: Sequence[Subscriber[Any]]) -> None:
    """Receipts name only subscriber and event: with equal names, one would count for both."""
    for (name, event), count in Counter((each.name, each.event) for each in subscribers).items():
        if count > 1:
            raise StartupError(f"{count} subscribers to {event.event_type} are called '{name}'")


def build_deadlines(
    groups: Sequence[SubscriberGroup],
    coordinators: Mapping[str, Coordinator],
    clock: TrustedClock,
) -> list[Deadlines]:
    """Deadlines for each feature that has processes, in the lanes of its group."""
    return [
        Deadlines(group, coordinators[group.name], clock)
        for group in groups
        if group.name in coordinators
    ]


def build_loops(features: Sequence[Feature], services: Services, bot: Bot) -> list[WakingLoop]:
    """The loops of the features in the bot role."""
    return [loop for each in features if each.loops for loop in each.loops(services, bot)]


def build_on_blocked(features: Sequence[Feature], services: Services) -> OnBlocked:
    """One unit of work for all that the features change when a reader has blocked the bot."""
    hooks = [each.on_blocked(services) for each in features if each.on_blocked is not None]

    async def on_blocked(chat_id: int) -> None:
        async def decide(work: UnitOfWork) -> None:
            for hook in hooks:
                await hook(work, str(chat_id))

        cause = Cause.of_its_own("sender", "blocked")
        await services.commits.decide(cause, decide, waits_out=whatever_passes)

    return on_blocked


def build_failed_messages(features: Sequence[Feature], services: Services) -> FailedMessages:
    hooks = [each.on_refused_page(services) for each in features if each.on_refused_page]

    async def on_refused_page(work: UnitOfWork, page: RefusedPage) -> None:
        for hook in hooks:
            await hook(work, page)

    return FailedMessages(services.commits, on_refused_page)


def state_collection(features: Sequence[Feature]) -> tuple[str, type[VersionedDocument]]:
    """The one collection whose documents follow the log."""
    for collection in collections_of(features):
        if issubclass(collection.model, VersionedDocument):
            return collection.name, collection.model
    raise StartupError("no feature brings a collection of versioned documents")
