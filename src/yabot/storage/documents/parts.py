"""The user's document, put together from the parts that features keep in it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, create_model

from yabot.errors import StartupError

P = TypeVar("P", bound=BaseModel)
D = TypeVar("D", bound=BaseModel)


@dataclass(frozen=True)
class StatePart(Generic[P]):
    """What one feature keeps in the user's document.

    ``path`` is the field's name, or ``group.name`` in a group that the document has. ``model()``,
    without arguments, is the part of a user for whom nothing is kept yet. Documents older than the
    feature read as that, so adding a part needs no migration.
    """

    path: str
    model: type[P]

    def of(self, document: BaseModel) -> P:
        """The part in ``document``. Raises AttributeError when no listed feature brings it."""
        found: Any = document
        for name in self.path.split("."):
            found = getattr(found, name)
        assert isinstance(found, self.model)
        return found

    def put(self, document: D, value: P) -> D:
        """The document with ``value`` in it."""
        return _put(document, self.path.split("."), value)


def _put(document: D, names: Sequence[str], value: BaseModel) -> D:
    name, *inner = names
    replaced = _put(getattr(document, name), inner, value) if inner else value
    return document.model_copy(update={name: replaced})


def composed(document: type[D], parts: Iterable[StatePart[Any]]) -> type[D]:
    """``document`` with a field for each of ``parts``; the same type for the same parts.

    Raises StartupError when two parts have the same path, or a part's group is missing.
    """
    return _composed(document, tuple((part.path, part.model) for part in parts))


@cache
def _composed(document: type[D], parts: tuple[tuple[str, type[BaseModel]], ...]) -> type[D]:
    fields: dict[str, Any] = {}
    groups: dict[str, list[tuple[str, type[BaseModel]]]] = defaultdict(list)
    for path, model in parts:
        name, _, rest = path.partition(".")
        if rest:
            groups[name].append((rest, model))
        elif name in document.model_fields or name in fields:
            raise StartupError(
                f"a user's document has '{name}' already: give the part another path"
            )
        else:
            fields[name] = (model, model())
    for name, inner in groups.items():
        group = _composed(_group(document, name), tuple(inner))
        fields[name] = (group, group())
    # The name is only for us, and MongoDB's validator has no description: neither matters.
    return create_model(document.__name__, __base__=document, **fields) if fields else document


def _group(document: type[BaseModel], name: str) -> type[BaseModel]:
    field = document.model_fields.get(name)
    if field is None:
        raise StartupError(f"a user's document has no group '{name}' for a part to lie in")
    group = field.annotation
    assert isinstance(group, type)
    assert issubclass(group, BaseModel)
    return group
