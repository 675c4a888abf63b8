"""The one list of variables, drawn from the sections."""

from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from yabot.settings.base import Section
from yabot.settings.model import Settings


@dataclass(frozen=True)
class Variable:
    """One environment variable: which field of which section it fills, and what to write."""

    name: str
    section: str
    field: str
    secret: bool
    about: str
    value: str
    default: str
    verbatim: bool


@cache
def variables() -> tuple[Variable, ...]:
    """Every variable, in the order in which people read about them."""
    return tuple(
        _variable("" if section is Settings else name, field, info)
        for name, section in section_types().items()
        for field, info in section.model_fields.items()
        if isinstance(info.validation_alias, str)
    )


@cache
def section_types() -> dict[str, type[Section]]:
    """The sections by the field of ``Settings`` that holds them; that itself is ``general``."""
    found: dict[str, type[Section]] = {"general": Settings}
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            found[name] = info.annotation
    return found


def _variable(section: str, field: str, info: FieldInfo) -> Variable:
    extra: Any = info.json_schema_extra
    reading: dict[str, Any] = extra["reading"]
    return Variable(
        name=str(info.validation_alias),
        section=section,
        field=field,
        secret=SecretStr in (info.annotation, *get_args(info.annotation)),
        about=info.description or "",
        value=reading["value"],
        default=reading["default"],
        verbatim=reading["verbatim"],
    )
