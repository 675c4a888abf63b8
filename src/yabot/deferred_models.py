"""aiogram's models, each built when it is first used.

On import, aiogram builds the validators of all its models, each with those of all models it refers
to: that takes seconds of processor time and 100 MB, of which a bot needs a twentieth. See
``docs/adr/0021-telegrams-models-are-built-when-used.md``.
"""

import sys
from typing import TYPE_CHECKING, Any, TypeVar, get_args

if TYPE_CHECKING:
    from pydantic import ConfigDict, TypeAdapter

T = TypeVar("T")

LIBRARY = "aiogram"


def defer() -> None:
    """Defer models in this process. To be called first, before anything imports aiogram; imports
    nothing itself."""
    sys.meta_path.insert(0, _BeforeTheLibrary())


def adapter(kind: type[T], config: "ConfigDict | None" = None) -> "TypeAdapter[T]":
    """A type adapter for ``kind``, such as ``list[Update] | bool``.

    Pydantic builds a deferred model wherever it is used, except in an adapter: it is built here.
    """
    from pydantic import TypeAdapter

    _complete(kind)
    return TypeAdapter(kind, config=config)


class _BeforeTheLibrary:
    """A module finder that finds nothing: it only notices that aiogram is about to be imported."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        if name == LIBRARY:
            _let_models_wait()


def _complete(kind: Any) -> None:
    if hasattr(kind, "model_rebuild"):
        kind.model_rebuild()
    for part in get_args(kind):
        _complete(part)


def _let_models_wait() -> None:
    from pydantic import BaseModel

    build = BaseModel.model_rebuild.__func__  # type: ignore[attr-defined]
    names: dict[str, Any] = {}

    def model_rebuild(cls: type[BaseModel], /, **options: Any) -> bool | None:
        if any(base.__module__.startswith(f"{LIBRARY}.") for base in cls.__mro__):
            if told := options.get("_types_namespace"):
                # aiogram's own call on import: it gives the namespace for annotations.
                names.update(told)
                return None
            options["_types_namespace"] = names
        options["_parent_namespace_depth"] = options.get("_parent_namespace_depth", 2) + 1
        built: bool | None = build(cls, **options)
        return built

    BaseModel.model_rebuild = classmethod(model_rebuild)  # type: ignore[method-assign,assignment]
