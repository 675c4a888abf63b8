"""Turns a fragment that comes as data into YAML nodes, for the reader of story files."""

from collections.abc import Mapping, Sequence

import yaml

_TEXT = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"
_LIST = "tag:yaml.org,2002:seq"


class Places:
    """Makes nodes whose line numbers stand for places in the data, as there is no file."""

    def __init__(self) -> None:
        self._pointers: list[str] = []

    def root(self, fields: Mapping[str, object]) -> yaml.Node:
        return self._node(fields, "")

    def pointer(self, line: int) -> str:
        """A JSON pointer to the place in the data for which ``line`` stands."""
        return self._pointers[line - 1]

    def _node(self, value: object, pointer: str) -> yaml.Node:
        if isinstance(value, Mapping):
            mark = self._mark(pointer)
            pairs = [self._pair(key, each, pointer) for key, each in value.items()]
            return yaml.MappingNode(_MAPPING, pairs, mark, mark)
        if isinstance(value, Sequence) and not isinstance(value, str):
            mark = self._mark(pointer)
            items = [self._node(each, f"{pointer}/{n}") for n, each in enumerate(value)]
            return yaml.SequenceNode(_LIST, items, mark, mark)
        return self._scalar(str(value).lower() if isinstance(value, bool) else str(value), pointer)

    def _pair(self, key: str, value: object, pointer: str) -> tuple[yaml.Node, yaml.Node]:
        below = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        return self._scalar(key, below), self._node(value, below)

    def _scalar(self, text: str, pointer: str) -> yaml.Node:
        mark = self._mark(pointer)
        return yaml.ScalarNode(_TEXT, text, mark, mark)

    def _mark(self, pointer: str) -> yaml.Mark:
        self._pointers.append(pointer)
        return yaml.Mark("", 0, len(self._pointers) - 1, 0, None, 0)
