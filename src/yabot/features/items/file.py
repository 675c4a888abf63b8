"""An items file: YAML with a mapping ``items``, from each id to what it is."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from yabot.errors import InvalidInput
from yabot.features.items.entry import MAX_ITEMS, ItemsFile
from yabot.features.items.model import MAX_PRICE, Item
from yabot.features.items.tree import Tree, read_tree
from yabot.lookalikes import foreign_letter, shown
from yabot.yaml_nodes import Unreadable

# A line width that the writer never reaches, so that it breaks no text.
_ONE_LINE = 1_000_000
_MAPPING, _PRICE = "must be a mapping (key: value)", f"must be a whole number from 1 to {MAX_PRICE}"
# These errors are about an id or a key, not about a value.
_OF_KEYS = {"extra_forbidden", "string_pattern_mismatch"}
# pydantic's error types in words; the models use each type for one thing only.
_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is nothing that we know here",
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "too_short": "has nothing in it",
    "too_long": f"has more than {MAX_ITEMS} items",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "must be 1 to 24 characters of a-z, 0-9 and _",
    "string_type": "must be text",
    "int_parsing": _PRICE,
    "int_type": _PRICE,
    "int_from_float": _PRICE,
    "greater_than_equal": _PRICE,
    "less_than_equal": _PRICE,
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}


def parse_items(text: str, file_name: str) -> list[Item]:
    """The items of a file; ``file_name`` is used in messages only.

    Raises InvalidInput with all mistakes at once, each as ``file:line: sentence``.
    """
    try:
        tree = read_tree(text)
    except Unreadable as error:
        raise InvalidInput(f"{file_name}:{error.line}: {error}") from None
    mistakes = [(line, f"'{key}' is there twice") for line, key in tree.repeated()]
    try:
        found = ItemsFile.model_validate(tree.data)
    except ValidationError as error:
        mistakes += _mistakes(tree, error)
    if mistakes:
        raise InvalidInput(
            "\n".join(f"{file_name}:{line}: {said}" for line, said in sorted(mistakes))
        )
    return [entry.item(item_id) for item_id, entry in found.items.items()]


def export_items(items: Sequence[Item]) -> str:
    """The text of an items file; parsing it gives the same items."""
    entries = {item.item_id: _entry(item) for item in items}
    return yaml.safe_dump(
        {"items": entries},
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=None,
        width=_ONE_LINE,
    )


def _entry(item: Item) -> dict[str, Any]:
    metadata = item.metadata.model_dump(exclude_defaults=True)
    return {"name": item.name, "type": item.type, **metadata}


def _mistakes(tree: Tree, error: ValidationError) -> Iterator[tuple[int, str]]:
    for each in error.errors():
        path = [part for part in each["loc"] if part != "[key]"]
        subject = ".".join(shown(str(part)) for part in path) or "the file"
        yield tree.line(path), f"{subject} {_sentence(each)}{_because(path, each)}"


def _because(path: Sequence[object], error: ErrorDetails) -> str:
    """The end of a sentence about an id, a key or a value that only looks right; else empty."""
    written = path[-1] if path and error["type"] in _OF_KEYS else error["input"]
    said = foreign_letter(written) if isinstance(written, str) else None
    return f"; it {said}" if said else ""


def _sentence(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    # All other messages are about texts and choices: "Input should be 'gift' or 'achievement'".
    said = error["msg"].removeprefix("Input ").removeprefix("String ")
    return _SENTENCES.get(error["type"], said)
