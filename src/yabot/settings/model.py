"""All settings of one process."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from yabot.settings.api import ApiSettings
from yabot.settings.base import Problem, Section, variable
from yabot.settings.key_files import exposed
from yabot.settings.logs import LoggingSettings
from yabot.settings.mongodb import MongoSettings
from yabot.settings.redis import RedisSettings
from yabot.settings.sql import SqlSettings
from yabot.settings.telegram import TelegramSettings
from yabot.settings.values import (
    PORT,
    CreatableDirectory,
    EventTypes,
    Port,
    ReadableFile,
    SupportContact,
    UserIds,
)

SectionType = TypeVar("SectionType", bound=Section)


class Settings(Section):
    environment: Literal["development", "production"] = variable(
        "YABOT_ENV",
        "development",
        about="Production refuses what only a developer's machine should allow.",
        value="development or production",
    )
    data_dir: CreatableDirectory = variable(
        "YABOT_DATA_DIR",
        Path(".yabot"),
        about="Where YABOT keeps its files: SQLite, the embedded engines' data, keys.",
        value="the path of a directory that exists or can be created",
    )
    admin_user_ids: UserIds = variable(
        "ADMIN_USER_IDS",
        (),
        about="The Telegram users who are told of trouble and may use admin commands.",
        value="numeric ids, separated by commas",
    )
    support_contact: SupportContact | None = variable(
        "SUPPORT_CONTACT",
        None,
        about="Whom /paysupport names to readers with a question about a payment.",
        value="a Telegram @name, an e-mail address or an https:// address",
    )
    legacy_db_path: ReadableFile | None = variable(
        "LEGACY_DB_PATH",
        None,
        about="The old bot's store, while both bots work: its users come over, and a JSON file is"
        " kept up to date.",
        value="the path of a readable file",
    )
    playground_port: Port = variable(
        "PLAYGROUND_PORT",
        8081,
        about="The port of the playground, on this machine only. Not for production.",
        value=PORT,
    )
    retention_days: Annotated[int, Field(ge=1, le=36_500)] = variable(
        "RETENTION_DAYS",
        30,
        about="How long updates, published events and applied changes are kept.",
        value="whole days from 1 to 36500",
    )
    bus_partitions: Annotated[int, Field(ge=1, le=1024)] = variable(
        "BUS_PARTITIONS",
        16,
        about="Into how many streams the events are divided. Fixed once there is data.",
        value="a whole number from 1 to 1024",
    )
    inbound_event_types: EventTypes = variable(
        "INBOUND_EVENT_TYPES",
        (),
        about="The event types that other services may send. Empty: none.",
        value="names of event types, separated by commas",
    )
    telegram: TelegramSettings = Field(default_factory=TelegramSettings)
    mongodb: MongoSettings = Field(default_factory=MongoSettings)
    sql: SqlSettings = Field(default_factory=SqlSettings, validate_default=True)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    api: ApiSettings = Field(default_factory=ApiSettings, validate_default=True)
    logging: LoggingSettings = Field(default_factory=LoggingSettings, validate_default=True)

    @field_validator("sql", "api", "logging")
    @classmethod
    def _derived_default(cls, section: SectionType, info: ValidationInfo) -> SectionType:
        """Fills in the defaults that depend on other settings or on the terminal."""
        people = info.data.get("environment") == "development" and sys.stderr.isatty()
        derived: dict[str, Any] = {"format": "console" if people else "json"}
        if data_dir := info.data.get("data_dir"):
            derived |= {"sqlite_path": data_dir / "yabot.db", "keys_dir": data_dir / "keys"}
        unset = type(section).model_fields.keys() - section.model_fields_set
        filled = section.model_copy(update={name: derived[name] for name in derived.keys() & unset})
        filled.model_fields_set.difference_update(unset)  # they are still defaults
        return filled

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def playground(self) -> bool:
        """True if the local Telegram stands in for the real one."""
        return not self.production and self.telegram.token is None

    @property
    def locks_data_dir(self) -> bool:
        """True if its stores serve one program at a time, which holds the data directory's lock."""
        return self.sql.database_url is None or self.mongodb.embedded

    def sections(self) -> tuple[Section, ...]:
        return (self.telegram, self.mongodb, self.sql, self.redis, self.api, self.logging)

    def problems(self) -> Iterator[Problem]:
        """Combinations that cannot work although each value is right by itself."""
        yield from self._clashing_ports()
        yield from self.redis.pool_conflicts(self.bus_partitions)
        for section in self.sections():
            yield from section.conflicts()
        if self.production:
            yield from self.production_risks()
            for section in self.sections():
                yield from section.production_risks()
            yield from self.exposed_keys()

    def exposed_keys(self) -> Iterator[Problem]:
        """Keys that others may read: production refuses them, development only says so."""
        for section in self.sections():
            yield from exposed(section.key_files())

    def production_risks(self) -> Iterator[Problem]:
        if "playground_port" in self.model_fields_set:
            yield Problem(
                "PLAYGROUND_PORT", "the playground does not run in production", "leave it empty"
            )

    def _clashing_ports(self) -> Iterator[Problem]:
        taken = {self.api.port: "API_PORT"}
        # A process has only one of these two listeners.
        if "health_port" in self.api.model_fields_set:
            taken.setdefault(self.api.health_port, "HEALTH_PORT")
        candidates = (
            ("WEBHOOK_PORT", self.telegram.webhook_port, self.telegram.webhook_url is not None),
            ("PLAYGROUND_PORT", self.playground_port, self.playground),
        )
        for name, port, listening in candidates:
            holder = taken.setdefault(port, name) if listening else name
            if holder != name:
                wrong = f"{port} is {holder}'s port too"
                yield Problem(name, wrong, "give each listener its own", (holder,))

    def secrets(self) -> tuple[str, ...]:
        """Every secret value that is set, longest first, for redaction."""
        found = {secret for section in self.sections() for secret in section.secrets()}
        return tuple(sorted(filter(None, found), key=len, reverse=True))
