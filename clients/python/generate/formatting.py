"""Text that is committed: formatted as all of ours, and wrapped where people read it."""

import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[3]
WIDTH = 100
MADE = "Made by ``make client`` from the OpenAPI document: change nothing here."
QUOTES = '"""'


def head(about: str) -> str:
    return docstring([about, MADE], 0)


def docstring(paragraphs: Iterable[str], depth: int) -> str:
    """A docstring at so many levels of indentation, or nothing when there is nothing to say."""
    margin = "    " * depth
    said = [_wrapped(each, len(margin)) for each in paragraphs if each.strip()]
    if not said:
        return ""
    text = "\n\n".join(said).replace("\\", "\\\\")
    fits = "\n" not in text and len(margin) + len(text) + 2 * len(QUOTES) <= WIDTH
    return textwrap.indent(f"{QUOTES}{text}{'' if fits else chr(10)}{QUOTES}", margin) + "\n"


def sentence(text: str) -> str:
    """With a full stop, where there is anything to end."""
    return text if not text or text.endswith((".", ":", "!", "?")) else f"{text}."


def _wrapped(text: str, margin: int) -> str:
    """A list stays one, a line for each; the rest is one paragraph."""
    lines = text.splitlines() if text.startswith("- ") else [" ".join(text.split())]
    return "\n".join(_filled(line, WIDTH - margin - 2 * len(QUOTES)) for line in lines)


def _filled(line: str, width: int) -> str:
    hanging = "  " if line.startswith("- ") else ""
    return textwrap.fill(
        line,
        width,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def formatted(text: str, path: Path) -> str:
    """As the file at ``path`` is formatted, with its imports in order and none too many."""
    text = _ruff(text, "check", "--fix", "--quiet", "--select", "I,F401", "--stdin-filename", path)
    return _ruff(text, "format", "--stdin-filename", path)


def _ruff(text: str, *how: str | Path) -> str:
    command = [Path(sys.executable).with_name("ruff"), *how, "-"]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise RuntimeError(f"ruff {how[0]} refuses what was generated: {done.stderr}")
    return done.stdout
