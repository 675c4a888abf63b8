"""aiogram, imported in a third of the time.

It builds the validators of its four hundred types one by one, each with all that it refers to. Most
are never used alone: an update's is built with all that it may contain in the time of a few. What
is left out here pydantic builds when it is first used, as aiogram configures its types to be.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from pydantic import BaseModel

TYPES = "aiogram.types"


def import_aiogram() -> None:
    """Nothing else may be importing it. Where it has been imported already, nothing is done."""
    if TYPES in sys.modules:
        return
    with _not_building() as names:
        import aiogram.types
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{TYPES}."):
            _complete(module, names)
    aiogram.types.Update.model_rebuild()


@contextmanager
def _not_building() -> Iterator[Mapping[str, Any]]:
    """Yields what aiogram would have its types built with: names, and what they stand for."""
    names: dict[str, Any] = {}
    build = BaseModel.__dict__["model_rebuild"]

    def keep_for_later(cls: type[BaseModel], /, **options: Any) -> bool | None:
        given = options.get("_types_namespace")
        if cls.__module__.startswith(TYPES) and given is not None:
            names.update(given)
            return None
        built: bool | None = build.__get__(None, cls)(**options)
        return built

    BaseModel.model_rebuild = classmethod(keep_for_later)  # type: ignore[assignment, method-assign]
    try:
        yield names
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]


def _complete(module: ModuleType, names: Mapping[str, Any]) -> None:
    """pydantic looks up there what annotations name, and some name what aiogram imports for type
    checkers alone.
    """
    for name, value in names.items():
        vars(module).setdefault(name, value)
