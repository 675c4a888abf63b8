"""What a feature may bring. The composition root lists the features; nothing else knows them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Table

from yabot.bot.localization import Texts
from yabot.coordinator.process import Process
from yabot.events.catalog import Chain
from yabot.events.envelope import EventPayload
from yabot.log.commit_log import CommitLog
from yabot.log.personal_data import PersonalData
from yabot.log.unit_of_work import UnitOfWork
from yabot.runtime.loops import WakingLoop
from yabot.storage.documents.model import Collection, VersionedDocument
from yabot.storage.documents.parts import StatePart, composed
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.subscriber import Subscriber
from yabot.trusted_clock import TrustedClock

if TYPE_CHECKING:  # a command that asks for the tables alone need not wait for aiogram
    from aiogram import BaseMiddleware, Bot, Router

    from yabot.api.operations.door import Door
    from yabot.api.operations.routes import Routes
    from yabot.bot.failed_messages import OnRefusedPage

S = TypeVar("S")


class Services:
    """The framework, and the services of the features that stand earlier in the list."""

    def __init__(
        self,
        database: Database,
        documents: DocumentStore,
        commits: CommitLog,
        texts: Texts,
        commands: tuple[str, ...],
        admins: tuple[int, ...] = (),
        menu: tuple[str, ...] = (),
        data_dir: Path | None = None,
        support_contact: str | None = None,
        state_parts: tuple[StatePart[Any], ...] = (),
        legacy_store: Path | None = None,
    ) -> None:
        self.database = database
        self.documents = documents
        self.commits = commits
        self.texts = texts
        # The commands of all features, in the order of their list.
        self.commands = commands
        # Telegram's ids of the bot's administrators.
        self.admins = admins
        # The buttons of /menu of all features, in the order of their list.
        self.menu = menu
        # Where features keep files; without one they keep none.
        self.data_dir = data_dir
        # Whom readers may ask about a payment, as the operator names them.
        self.support_contact = support_contact
        # The parts that all features keep in the users' documents.
        self.state_parts = state_parts
        # The old bot's store, while that bot is used beside this one.
        self.legacy_store = legacy_store
        # The clock for deadlines and ages.
        self.clock = TrustedClock()
        # By the name of the feature or part, features first; complete only when all are built.
        self.personal_data: dict[str, PersonalData] = {}
        # Services by the name of the feature that offers them.
        self.by_name: dict[str, object] = {}
        self._by_type: dict[type[Any], Any] = {}

    def add(self, feature: str, service: object) -> None:
        self.by_name[feature] = service
        self._by_type[type(service)] = service

    def __getitem__(self, kind: type[S]) -> S:
        """Raises KeyError when the feature that offers it stands later in the list, or nowhere."""
        service: S = self._by_type[kind]
        return service


@dataclass(frozen=True)
class Feature:
    """One package under ``features``; every part is optional but the name."""

    name: str
    """Handlers get its service by this name."""
    events: tuple[type[EventPayload], ...] = ()
    """The event types that the feature publishes; publishing others is refused."""
    chains: tuple[Chain, ...] = ()
    """Which events take effect before which within one correlation: what the feature makes of
    earlier features' events. A chain names no later feature's events."""
    tables: tuple[Table, ...] = ()
    """The feature's tables: made by ``migrations``, verified at start."""
    migrations: Path | None = None
    """A folder of Alembic migrations: a branch of their own."""
    collections: tuple[Collection, ...] = ()
    """MongoDB collections: made or verified at start."""
    state: tuple[StatePart[Any], ...] = ()
    """Its parts of the users' documents: read with ``UserService.part``, changed with
    ``change_part``."""
    texts: Path | None = None
    """A folder with es.ftl and en.ftl."""
    commands: tuple[str, ...] = ()
    """Commands for Telegram's menu; each has a handler, and a text `command-<name>`."""
    menu: tuple[str, ...] = ()
    """Buttons of /menu, by the data that they send; each has a handler, and a text
    `menu-<data>`."""
    service: Callable[[Services], object] | None = None
    """For its handlers, and for later features as ``services[Type]``."""
    personal_data: Callable[[Services], PersonalData] | None = None
    """Its part in /mydata, /forget and /privacy; required if it keeps anything about users."""
    middleware: Callable[[Services], BaseMiddleware] | None = None
    """Wraps every update; if it adds arguments for handlers, it names them in ``gives``."""
    router: Callable[[Services], Router] | None = None
    """Its handlers. The start checks that their arguments exist, and that no other feature takes
    the same commands or buttons."""
    api: Callable[[Services, Door], Routes] | None = None
    """What it offers to other services: see ``api/operations/routes.py``."""
    subscribers: Callable[[Services], Sequence[Subscriber[Any]]] | None = None
    """Its subscribers; their group has the feature's name, and stops without other features."""
    processes: Callable[[Services], Sequence[Process[Any]]] | None = None
    """Its processes, driven by events and deadlines, in the same group as ``subscribers``."""
    loops: Callable[[Services, Bot], Sequence[WakingLoop]] | None = None
    """Loops of the bot role, which may call Telegram; they run in one process at a time."""
    on_blocked: Callable[[Services], Callable[[UnitOfWork, str], Awaitable[None]]] | None = None
    """Adds changes to a unit when Telegram says that a user, by id, has blocked the bot."""
    on_refused_page: Callable[[Services], OnRefusedPage] | None = None
    """Decides what a reader gets instead of the feature's page that Telegram refuses."""
    lasting: tuple[str, ...] = ()
    """The kinds of its audit rows that are kept for good."""
    prepare: Callable[[Services], Awaitable[None]] | None = None
    """Runs once at start, when the stores are verified."""


def group_names(features: Sequence[Feature]) -> list[str]:
    """The names of the groups of subscribers: one for each feature that subscribes to anything."""
    return [feature.name for feature in features if feature.subscribers or feature.processes]


def state_parts(features: Sequence[Feature]) -> tuple[StatePart[Any], ...]:
    return tuple(part for each in features for part in each.state)


def collections_of(features: Sequence[Feature]) -> list[Collection]:
    """The collections of all features; the users' documents include the features' parts."""
    return [
        _with_parts(collection, state_parts(features))
        for feature in features
        for collection in feature.collections
    ]


def _with_parts(collection: Collection, parts: tuple[StatePart[Any], ...]) -> Collection:
    if issubclass(collection.model, VersionedDocument):
        return replace(collection, model=composed(collection.model, parts))
    return collection
