"""The base of all sections of the settings: declared variables, and rules between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


@dataclass(frozen=True)
class Problem:
    """One mistake in one variable.

    ``because_of`` names the other variables from which it was concluded: if one of those is wrong
    itself, the problem is not reported.
    """

    variable: str
    wrong: str
    right: str
    because_of: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        return f"{self.variable}: {self.wrong}; {self.right}"


def variable(
    name: str,
    default: Any,
    *,
    about: str,
    value: str,
    default_text: str = "",
    verbatim: bool = False,
) -> Any:
    """Declares the field that the environment variable ``name`` fills.

    ``about`` and ``value`` (what may be written) are texts for people: in errors, in
    ``.env.example`` and in the table of docs/configuration.md. ``default_text`` is for defaults
    that are computed at load. A ``verbatim`` value, such as a password, may look like another one
    on purpose.
    """
    reading: JsonDict = {
        "value": value,
        "default": default_text or _shown(default),
        "verbatim": verbatim,
    }
    return Field(
        default, validation_alias=name, description=about, json_schema_extra={"reading": reading}
    )


def _shown(default: Any) -> str:
    return (
        "" if default in (None, ()) else str(default).lower() if default is False else str(default)
    )


class Section(BaseSettings):
    """A family of variables, checked and then never changed.

    Built by hand it takes field names and reads no environment; ``ConfigManager`` is the one
    that reads it.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        case_sensitive=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        *_unread: PydanticBaseSettingsSource,
        **_unread_by_name: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    def conflicts(self) -> Iterator[Problem]:
        """Combinations that cannot work anywhere."""
        yield from ()

    def production_risks(self) -> Iterator[Problem]:
        """What is good enough for a developer's machine only."""
        yield from ()

    def key_files(self) -> Iterable[tuple[str, Path]]:
        """Every named file with a private key, after the variable that names it."""
        return ()

    def secrets(self) -> Iterable[str]:
        """Every secret value that is set, as it is written and as it is used."""
        return ()
