"""Finds out what is set, what is reachable and what is wrong, and how to mend it."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from yabot.cli.legacy.diagnosis import migration
from yabot.cli.privacy import data_directory, privacy
from yabot.cli.probes import PROGRAM, Check, intake, mongodb, program, redis, sql, telegram
from yabot.cli.rehearsal import collections, has_database, room, tables
from yabot.redaction import Redactor
from yabot.settings import Settings
from yabot.settings.reference import Variable, variables

MARKS = {"ok": "✓", "warning": "!", "problem": "✗", "off": "–"}


async def examine(settings: Settings, warnings: Sequence[str]) -> list[Check]:
    """Every finding, in reading order; stores and Telegram are asked side by side.

    ``warnings`` are ``ConfigManager.warnings()``. No message holds a secret.
    """
    reached = await asyncio.gather(
        mongodb(settings),
        sql(settings),
        redis(settings),
        telegram(settings),
        intake(settings),
        program(settings),
    )
    stores = {check.name: check for check in reached}
    verified = await asyncio.gather(*_verifications(settings, stores))
    redactor = Redactor(settings.secrets())
    found = [
        *_configuration(settings, warnings),
        data_directory(settings),
        privacy(settings),
        *reached,
        *verified,
        *room(settings, stores[PROGRAM]),
    ]
    return [replace(check, message=redactor.text(check.message)) for check in found]


def _verifications(
    settings: Settings, stores: Mapping[str, Check]
) -> Iterator[Coroutine[Any, Any, Check]]:
    """The checks of contents, only for stores that answer."""
    if stores["PostgreSQL" if settings.sql.database_url else "SQLite"].state == "ok":
        yield tables(settings)
        if settings.legacy_db_path is not None and has_database(settings):
            yield migration(settings)
    if stores["MongoDB"].state != "problem":
        yield collections(settings)


def render(checks: Sequence[Check]) -> str:
    """A line for each check and one that counts, for a terminal."""
    width = max((len(check.name) for check in checks), default=0)
    lines = [f"{MARKS[check.state]} {check.name:<{width}}  {check.message}" for check in checks]
    problems, warnings = (
        sum(check.state == state for check in checks) for state in ("problem", "warning")
    )
    return "\n".join([*lines, "", f"{_count(problems, 'problem')}, {_count(warnings, 'warning')}"])


def _configuration(settings: Settings, warnings: Sequence[str]) -> Iterator[Check]:
    yield Check("environment", "ok", settings.environment)
    for variable in variables():
        section = getattr(settings, variable.section) if variable.section else settings
        if variable.field in section.model_fields_set:
            yield Check(variable.name, "ok", _shown(variable, getattr(section, variable.field)))
    for warning in warnings:
        name, _, message = warning.partition(": ")
        yield Check(name, "warning", message)


def _shown(variable: Variable, value: object) -> str:
    if variable.secret:
        return "set" if isinstance(value, SecretStr) else "embedded"
    if isinstance(value, tuple):
        return ", ".join(":".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value)
    return str(value)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
