"""Makes settings from environment variables, and reports all mistakes at once."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from yabot.errors import ConfigurationError
from yabot.lookalikes import look_alike
from yabot.redaction import Redactor
from yabot.settings.base import Problem, Section
from yabot.settings.envfile import EnvFile, read_env_file
from yabot.settings.hints import hints
from yabot.settings.key_files import exposed
from yabot.settings.mistakes import mistake
from yabot.settings.model import Settings
from yabot.settings.network import passwords_in
from yabot.settings.obeyed import foreign_risks
from yabot.settings.reference import section_types, variables
from yabot.settings.values import require_working_directory

SectionType = TypeVar("SectionType", bound=Section)
# Stripped from values; a carriage return comes from a Windows file.
BLANKS = " \t\r\n"


class ConfigManager:
    """Reads ``environ`` (the process's by default) and, under it, ``env_file`` if it exists.

    A variable that is set but empty counts as not set, but still hides the file's value.
    """

    def __init__(
        self, environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")
    ) -> None:
        self._environ = dict(os.environ if environ is None else environ)
        self._env_file = env_file

    def load(self) -> Settings:
        """Raises ``ConfigurationError`` with one line for each mistake, secrets not shown."""
        given = self._given()
        known = {v.name: given[v.name] for v in variables() if v.name in given}
        problems = list(_look_alikes(known))
        wrong = {problem.variable for problem in problems}
        plain = {name: value for name, value in known.items() if name not in wrong}
        settings = _settings(plain, problems)
        wrong = {problem.variable for problem in problems}
        problems.extend(
            problem
            for problem in chain(
                settings.problems(),
                foreign_risks(self._environ, settings),
                self._exposed_env_file() if settings.production else (),
            )
            if wrong.isdisjoint((problem.variable, *problem.because_of))
        )
        if problems:
            raise ConfigurationError(_lines(problems, known))
        return settings

    def as_far_as_right(self) -> Settings:
        """The settings, with those that have a mistake left at their defaults."""
        given = self._given()
        known = {v.name: given[v.name] for v in variables() if v.name in given}
        wrong = {problem.variable for problem in _look_alikes(known)}
        return _settings({name: value for name, value in known.items() if name not in wrong}, [])

    def warnings(self) -> list[str]:
        """What has no effect or looks misspelt, a line each."""
        settings = self.as_far_as_right()
        exposed = (
            () if settings.production else (*settings.exposed_keys(), *self._exposed_env_file())
        )
        return [
            *hints(self._given()),
            *self._repeated(),
            *(problem.line for problem in exposed),
        ]

    def _repeated(self) -> Iterator[str]:
        known = {variable.name for variable in variables()}
        for name in self._file.repeated:
            if name in known and self._env_file:
                yield f"{name}: stands more than once in {self._env_file.name}; the last one counts"

    def _exposed_env_file(self) -> Iterator[Problem]:
        """A problem if others may access a ``.env`` file that has secrets."""
        written = self._file.variables
        if self._env_file and any(v.secret and written.get(v.name) for v in variables()):
            yield from exposed([(self._env_file.name, self._env_file)])

    @cached_property
    def _file(self) -> EnvFile:
        """Read once, so that all reports are about the same content. Raises ConfigurationError."""
        return read_env_file(self._env_file)

    def _given(self) -> dict[str, str]:
        require_working_directory()
        merged = {**self._file.variables, **self._environ}
        return {name: text.strip(BLANKS) for name, text in merged.items() if text.strip(BLANKS)}


def _look_alikes(given: Mapping[str, str]) -> Iterator[Problem]:
    for variable in variables():
        if variable.verbatim or variable.name not in given:
            continue
        if said := look_alike(given[variable.name]):
            yield Problem(variable.name, f"it {said}", f"write {variable.value}")


class _Variables(EnvSettingsSource):
    """pydantic-settings' reader, on the given variables."""

    def __init__(self, section: type[Section], given: Mapping[str, str]) -> None:
        super().__init__(section)
        self.env_vars = given


def _settings(given: Mapping[str, str], problems: list[Problem]) -> Settings:
    parts = {
        name: _section(section, given, problems, {})
        for name, section in section_types().items()
        if section is not Settings
    }
    return _section(Settings, given, problems, parts)


def _section(
    section: type[SectionType],
    given: Mapping[str, str],
    problems: list[Problem],
    parts: Mapping[str, Section],
) -> SectionType:
    """The section; variables with a mistake are reported and left at their defaults."""
    values: dict[str, Any] = {**_Variables(section, given)(), **parts}
    try:
        return section(**values)
    except ValidationError as error:
        found = [mistake(detail) for detail in error.errors(include_url=False)]
    problems.extend(found)
    wrong = {problem.variable for problem in found}
    return section(**{name: value for name, value in values.items() if name not in wrong})


def _lines(problems: Iterable[Problem], given: Mapping[str, str]) -> list[str]:
    """The problems' lines, redacted: a secret may have been pasted into the wrong variable."""
    secrets = [given[v.name] for v in variables() if v.secret and v.name in given]
    redactor = Redactor([*secrets, *chain.from_iterable(map(passwords_in, secrets))])
    return [replace(problem, wrong=redactor.text(problem.wrong)).line for problem in problems]
