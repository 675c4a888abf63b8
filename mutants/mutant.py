"""The catalogue: small changes that each break what one criterion says."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).parent / "catalogue"


class Mistake(Exception):
    """What has to be mended before anything can be said: one sentence."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """``old`` becomes ``new`` in ``file``, and the tests of ``criterion`` have to notice.

    ``tests`` are those known to notice it: they are run first.
    """

    criterion: str
    why: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
    place: str = ""

    def apply_to(self, source: str) -> str:
        """Raises Mistake unless ``source`` has the text exactly once."""
        count = source.count(self.old)
        if count != 1:
            raise Mistake(
                f"{self.place}: the text is in {self.file} {count} times, not once; mend the entry"
            )
        return source.replace(self.old, self.new)


def load(folder: Path = CATALOGUE) -> list[Mutant]:
    """All of them, in the order of their files. Raises Mistake for an entry that is none."""
    return [mutant for path in sorted(folder.glob("*.toml")) for mutant in _load_file(path)]


def _load_file(path: Path) -> Iterable[Mutant]:
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return [_read(entry, f"{path.name}, entry {n}") for n, entry in enumerate(entries, 1)]


def _read(entry: dict[str, Any], place: str) -> Mutant:
    tests = tuple(entry.pop("tests", ()))
    # The newline before a closing ''' is not meant.
    texts = {name: str(value).rstrip("\n") for name, value in entry.items()}
    try:
        mutant = Mutant(**texts, tests=tests, place=f"{place} ({texts.get('criterion')})")
    except TypeError as error:
        raise Mistake(f"{place}: {error}; it has criterion, why, file, old, new, tests") from None
    if mutant.old == mutant.new:
        raise Mistake(f"{mutant.place}: it changes nothing")
    return mutant
