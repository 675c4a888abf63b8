"""A YAML node with the words to complain about it."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import yaml

from yabot.features.narrative.story.problems import Problems, because, closest, did_you_mean

_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,8}")
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Value:
    """The value at ``line``; messages call it by ``owner`` and ``name`` (either may be empty).

    A reading method notes what is wrong, and returns None or what it could read.
    """

    node: yaml.Node
    line: int
    owner: str
    name: str
    problems: Problems

    def complain(self, sentence: str, line: int | None = None) -> None:
        subject = ": ".join(part for part in (self.owner, self.name) if part)
        self.problems.add(line or self.line, f"{subject} {sentence}")

    def renamed(self, owner: str, name: str = "") -> "Value":
        return replace(self, owner=owner, name=name)

    @property
    def is_nothing(self) -> bool:
        return self.node.tag == _NULL

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    def text(self) -> str | None:
        """A scalar as it is written: for a button "No" is a word, not a boolean."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.complain(f"must be text, not {self._kind()}")
            return None
        written = str(self.node.value).strip()
        if not written or self.is_nothing:
            self.complain("is empty")
            return None
        return written

    def flag(self) -> bool | None:
        written = self._scalar()
        if written.lower() not in _BOOLEANS:
            self.complain(f"must be true or false, not {self._kind()}{self._because(written)}")
        return _BOOLEANS.get(written.lower())

    def integer(self, lowest: int, highest: int) -> int | None:
        written = self._scalar()
        number = int(written) if _INTEGER.fullmatch(written) else None
        if number is None or not lowest <= number <= highest:
            wanted = f"a number from {lowest} to {highest}"
            self.complain(f"must be {wanted}, not {self._kind()}{self._because(written)}")
            return None
        return number

    def items(self) -> list["Value"] | None:
        if not isinstance(self.node, yaml.SequenceNode):
            self.complain(f"must be a list, not {self._kind()}")
            return None
        return [
            Value(node, node.start_mark.line + 1, self.owner, self.name, self.problems)
            for node in self.node.value
        ]

    def entries(self) -> dict[str, "Value"] | None:
        """A mapping's values by key; a key that appears again is noted and left out."""
        if not isinstance(self.node, yaml.MappingNode):
            self.complain(f"must be a mapping (key: value), not {self._kind()}")
            return None
        found: dict[str, Value] = {}
        for key, line, node in self._pairs(self.node):
            if key in found:
                self.complain(f"has '{key}' twice (first in line {found[key].line})", line)
            else:
                found[key] = Value(node, line, self.owner, key, self.problems)
        return found

    def fields(self, known: Collection[str], required: Collection[str]) -> dict[str, "Value"]:
        """A mapping with fixed keys; a misspelt key is noted and read as the closest known one."""
        entries = self.entries()
        if entries is None:
            return {}
        fields = {key: value for key, value in entries.items() if key in known}
        for key, value in entries.items():
            if key in known:
                continue
            missing = [name for name in known if name not in fields]
            said = because(key) or did_you_mean(key, missing)
            self.complain(f"has an unknown key '{key}'{said}", value.line)
            if meant := closest(key, missing):
                fields[meant] = value.renamed(self.owner, meant)
        for name in required:
            if name not in fields:
                self.complain(f"has no {name}")
        return fields

    def _pairs(self, node: yaml.MappingNode) -> Iterator[tuple[str, int, yaml.Node]]:
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                yield str(key.value), line, value
            else:
                self.complain("has a key that is not text", line)

    def _scalar(self) -> str:
        plain = isinstance(self.node, yaml.ScalarNode) and self.node.style is None
        return str(self.node.value) if plain else ""

    def _because(self, written: str) -> str:
        """The end of a sentence about a scalar that only looks right, or an empty string."""
        in_quotes = isinstance(self.node, yaml.ScalarNode) and self.node.style in ("'", '"')
        return "; it stands in quotes, write it without" if in_quotes else because(written)

    def _kind(self) -> str:
        if isinstance(self.node, yaml.SequenceNode):
            return "a list"
        if isinstance(self.node, yaml.MappingNode):
            return "a mapping"
        if self.is_nothing:
            return "nothing"
        written = " ".join(str(self.node.value).split())
        return f"'{written[:30]}{'…' if len(written) > 30 else ''}'"
