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
        # Of all features, in the order of their list.
        self.commands = commands
        # Telegram's ids of those who look after the bot.
        self.admins = admins
        # Of all features, in the order of their list.
        self.menu = menu
        # Where features keep files; without one they keep none.
        self.data_dir = data_dir
        # Whom readers may ask about a payment, as the operator names them.
        self.support_contact = support_contact
        # Of all features: what their users' documents hold.
        self.state_parts = state_parts
        # The old bot's, while it is used beside this one.
        self.legacy_store = legacy_store
        # By which deadlines come, and things grow old.
        self.clock = TrustedClock()
        # By the name of who brings it, features first; read when a user asks, when all are built.
        self.personal_data: dict[str, PersonalData] = {}
        # By the name of the feature that offers it.
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
    """The types that it publishes: others are refused."""
    chains: tuple[Chain, ...] = ()
    """Which events take effect before which, where they are of one correlation: what the feature
    makes of events that earlier features bring. Those name no later one's."""
    tables: tuple[Table, ...] = ()
    """Verified at start; ``migrations`` make them."""
    migrations: Path | None = None
    """A folder of Alembic migrations: a branch of their own."""
    collections: tuple[Collection, ...] = ()
    """Of MongoDB: made at start, or verified."""
    state: tuple[StatePart[Any], ...] = ()
    """What it keeps in the users' documents: read and changed with ``UserService.part``."""
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
    """Needed by whoever keeps anything of users: its part in /mydata, /forget and /privacy."""
    middleware: Callable[[Services], BaseMiddleware] | None = None
    """Stands around every update; one that gives handlers arguments names them as ``gives``."""
    router: Callable[[Services], Router] | None = None
    """Its handlers; at start, what they ask for by name is held against what there is, and the
    commands and buttons that they take against those of the other features."""
    api: Callable[[Services, Door], Routes] | None = None
    """What it offers to other services: see ``api/operations/routes.py``."""
    subscribers: Callable[[Services], Sequence[Subscriber[Any]]] | None = None
    """The feature's name is that of their group: where one stops, other features go on."""
    processes: Callable[[Services], Sequence[Process[Any]]] | None = None
    """Workflows, driven by events and deadlines; they are in the same group."""
    loops: Callable[[Services, Bot], Sequence[WakingLoop]] | None = None
    """Run in the bot role, where Telegram can be asked, by one process at a time."""
    on_blocked: Callable[[Services], Callable[[UnitOfWork, str], Awaitable[None]]] | None = None
    """What to change when Telegram says that a user, by id, has blocked the bot."""
    on_refused_page: Callable[[Services], OnRefusedPage] | None = None
    """What a reader gets instead of a page of the feature's that Telegram refuses."""
    lasting: tuple[str, ...] = ()
    """Kinds of its rows in the audit log that stay for good."""
    prepare: Callable[[Services], Awaitable[None]] | None = None
    """Runs once at start, when the stores are verified."""


def group_names(features: Sequence[Feature]) -> list[str]:
    """Of the groups of subscribers: a feature that subscribes to anything has its own."""
    return [feature.name for feature in features if feature.subscribers or feature.processes]


def state_parts(features: Sequence[Feature]) -> tuple[StatePart[Any], ...]:
    return tuple(part for each in features for part in each.state)


def collections_of(features: Sequence[Feature]) -> list[Collection]:
    """All of them; the users' documents have in them what any feature keeps there."""
    return [
        _with_parts(collection, state_parts(features))
        for feature in features
        for collection in feature.collections
    ]


def _with_parts(collection: Collection, parts: tuple[StatePart[Any], ...]) -> Collection:
    if issubclass(collection.model, VersionedDocument):
        return replace(collection, model=composed(collection.model, parts))
    return collection
