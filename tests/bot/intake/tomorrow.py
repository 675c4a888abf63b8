"""Updates of every kind that the Bot API knows, with parts that it does not know.

They are made from aiogram's models, so that a kind which a later version brings is among them.
"""

import enum
import types
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from aiogram.client.default import Default
from aiogram.types import Update
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Json = dict[str, Any]

# Stands in every text: it must not come into a log.
MARK = "confided-to-nobody"
KINDS = sorted(set(Update.model_fields) - {"update_id"})
MOST_OPTIONAL = 4
DEEPEST = 3

# Nobody who takes part in a test has such an id.
strangers = st.integers(5_000_000_000, 5_000_000_050)
texts = st.sampled_from([MARK, f"/start {MARK}", f"/help@{MARK}", "c:letter:coat", "❤"])
junk = st.sampled_from(
    [None, True, -1, 2**70, 1.5, MARK, f"{MARK} \ud83d", "\x00", [], [MARK], {}, {"type": MARK}]
)


@st.composite
def updates(draw: st.DrawFn, kind: str) -> Json:
    """One of that kind, with up to three of its parts removed, added or of another type."""
    update = {kind: draw(_values(_type(Update.model_fields[kind]), 0))}
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(_containers(update)))
        _spoil(draw, place)
    return update


def _spoil(draw: st.DrawFn, place: Json) -> None:
    name = draw(st.sampled_from([*sorted(place), "of_tomorrow"]))
    if name in place and draw(st.booleans()):
        del place[name]
    else:
        place[name] = deepcopy(draw(junk))


def _containers(value: Any) -> list[Json]:
    """Every object in it, the outermost first."""
    if isinstance(value, list):
        return [found for each in value for found in _containers(each)]
    if not isinstance(value, dict):
        return []
    return [value, *(found for each in value.values() for found in _containers(each))]


@st.composite
def _objects(draw: st.DrawFn, model: type[BaseModel], depth: int) -> Json:
    fields = {(field.alias or name): field for name, field in model.model_fields.items()}
    optional = [name for name, field in fields.items() if not field.is_required()]
    chosen: list[str] = []
    if optional and depth < DEEPEST:
        chosen = draw(st.lists(st.sampled_from(optional), max_size=MOST_OPTIONAL, unique=True))
    wanted = [name for name, field in fields.items() if field.is_required() or name in chosen]
    return {name: draw(_values(_type(fields[name]), depth + 1, name)) for name in wanted}


@cache
def _values(annotation: Any, depth: int, name: str = "") -> st.SearchStrategy[Any]:
    """What JSON says for a value of that type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(arguments[0], depth, name)
    if origin in {Union, types.UnionType}:
        possible = [each for each in arguments if each not in {type(None), Default}]
        return st.one_of([_values(each, depth, name) for each in possible])
    if origin is Literal:
        return st.sampled_from([_plain(each) for each in arguments])
    if origin is list:
        return st.lists(_values(arguments[0], depth, name), max_size=2)
    return _single(annotation, depth, name)


def _single(kind: Any, depth: int, name: str) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _objects(kind, depth)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from([_plain(each) for each in kind])
    if kind is bool:
        return st.booleans()
    if kind in {int, datetime}:
        return strangers if name == "id" else st.integers(0, 2_000_000_000)
    if kind is float:
        return st.floats(-90, 90)
    if name == "type":
        return st.sampled_from(["private", "group", "emoji", "paid", "hidden_user"])
    return texts


def _type(field: FieldInfo) -> Any:
    return field.annotation


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value
