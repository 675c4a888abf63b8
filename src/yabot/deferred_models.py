"""aiogram's models, each built when it is first used.

While it is imported, aiogram builds the validators of all its models, and into each those of all
that it refers to: seconds of processor time and 100 MB, of which a bot needs a twentieth. See
``docs/adr/0021-telegrams-models-are-built-when-used.md``.
"""

import sys
from typing import TYPE_CHECKING, Any, TypeVar, get_args

if TYPE_CHECKING:
    from pydantic import ConfigDict, TypeAdapter

T = TypeVar("T")

LIBRARY = "aiogram"


def defer() -> None:
    """For all of this process; a program's first act, before anything imports aiogram. Imports
    nothing itself."""
    sys.meta_path.insert(0, _BeforeTheLibrary())


def adapter(kind: type[T], config: "ConfigDict | None" = None) -> "TypeAdapter[T]":
    """Reads what ``kind`` says, such as ``list[Update] | bool``.

    Where else a model is used, pydantic builds it; an adapter has to find it built.
    """
    from pydantic import TypeAdapter

    _complete(kind)
    return TypeAdapter(kind, config=config)


class _BeforeTheLibrary:
    """A finder of modules that finds none: it is asked for aiogram, once, before any other."""

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
                # The import itself: it says what the names in annotations stand for.
                names.update(told)
                return None
            options["_types_namespace"] = names
        options["_parent_namespace_depth"] = options.get("_parent_namespace_depth", 2) + 1
        built: bool | None = build(cls, **options)
        return built

    BaseModel.model_rebuild = classmethod(model_rebuild)  # type: ignore[method-assign,assignment]
