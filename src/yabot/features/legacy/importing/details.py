"""A report's lines by key, kept on disk until it is written: there may be millions."""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Self

KINDS = ("refused", "repaired", "conflicts", "doubled")
_REPORT = re.compile(r"report-(\d+)\.json")


class Details:
    """One line of JSON for each; lost with the process, unless ``write`` is called."""

    def __init__(self, folder: Path, lines: Mapping[str, IO[str]]) -> None:
        self._folder = folder
        self._lines = lines

    @classmethod
    @contextmanager
    def kept_in(cls, folder: Path) -> Iterator[Self]:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as stack:
            # Files without names: nobody else can open them, and a kill leaves none behind.
            lines = {
                kind: stack.enter_context(
                    tempfile.TemporaryFile("w+", encoding="utf-8", dir=folder)
                )
                for kind in KINDS
            }
            yield cls(folder, lines)

    def add(self, kind: str, told: Mapping[str, Any]) -> None:
        self._lines[kind].write(json.dumps(told, ensure_ascii=False) + "\n")

    def write(self, counts: Mapping[str, Any]) -> Path:
        """Write a new report, for its owner alone: ``counts``, and these lines ``by_key``."""
        path = self._next()
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with path.open("w", encoding="utf-8") as file:
            text = json.dumps(counts, ensure_ascii=False, indent=1)
            file.write(text.removesuffix("\n}") + ',\n "by_key": {')
            for n, kind in enumerate(KINDS):
                file.write(f"{',' * (n > 0)}\n  {json.dumps(kind)}: [")
                self._copy(kind, file)
                file.write("]")
            file.write("\n }\n}\n")
        return path

    def _copy(self, kind: str, file: IO[str]) -> None:
        lines = self._lines[kind]
        lines.seek(0)
        for n, line in enumerate(lines):
            file.write(f"{',' * (n > 0)}\n   {line.rstrip()}")
        lines.seek(0, os.SEEK_END)

    def _next(self) -> Path:
        numbers = [
            int(found[1])
            for each in self._folder.iterdir()
            if (found := _REPORT.fullmatch(each.name)) is not None
        ]
        return self._folder / f"report-{max(numbers, default=0) + 1}.json"
