"""Fills the templates in, and adds the feature's line to the lists that name it."""

import builtins
import keyword
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from token import NAME as NAME_TOKEN
from tokenize import generate_tokens

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".tmpl"
# Telegram's commands are no longer than 32, and an event's name is this and a word.
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 24
FEATURES = Path("src/yabot/app/features.py")
RULES = Path("pyproject.toml")
EVENTS = Path("docs/events.md")
CONSOLE = "from yabot.cli.main import main; main()"
# What handlers get beside the services, which go by their features' names.
GIVEN = (
    "bot",
    "callback_data",
    "command",
    "database",
    "dispatcher",
    "handler",
    "state",
    "t",
    "turn",
)
# And what aiogram, filters and handlers call the thing that came: it would be given twice.
CAME = ("change", "event", "message", "observer", "query", "update", "update_type", "user", "value")
# Alembic's words for branches; and what stands where the features' tests are.
ELSEWHERE = ("base", "conftest", "contract", "current", "head", "heads")
RESERVED = frozenset((*GIVEN, *CAME, *ELSEWHERE))
PYTHONS = frozenset(
    (*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *sys.stdlib_module_names)
)
# What stands there, and what is to stand there instead: the menu stays last, it answers whatever
# nobody else has. The rules list features in the opposite order.
BEFORE_MENU = {
    FEATURES: (
        (
            "from yabot.features.menu import",
            "from yabot.features.@name@ import feature as @name@\nfrom yabot.features.menu import",
        ),
        ("    menu.FEATURE,", "    @name@.FEATURE,\n    menu.FEATURE,"),
    ),
    RULES: (('    "menu",', '    "menu",\n    "@name@",'),),
}


class Refused(Exception):
    """The sentence says what is wrong with the name, and what would do."""


def add_feature(root: Path, name: str) -> list[Path]:
    """The files that were written or changed, in the checkout ``root``; all of them or, whatever
    fails, none. Raises Refused."""
    check_name(root, name)
    with _all_or_none(root, name):
        return _add(root, name)


def _add(root: Path, name: str) -> list[Path]:
    words = {"@name@": name, "@Class@": _class_name(name), "@title@": _title(name)}
    written = [_write(root, template, words) for template in sorted(TEMPLATES.rglob(f"*{SUFFIX}"))]
    for file, lines in BEFORE_MENU.items():
        for there, instead in lines:
            _replace(root / file, there, _filled(instead, words))
        written.append(file)
    _format(root, written)
    _renew_events(root)
    return [*written, EVENTS]


def check_name(root: Path, name: str) -> None:
    """Raises Refused for what cannot be a package, a command, a table and part of an event."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise Refused(
            f"'{name}' cannot be a feature's name: use up to {LONGEST} small letters and digits, "
            "words joined by single underscores, such as daily_gift"
        )
    if name in PYTHONS:
        raise Refused(f"'{name}' is a word of Python's: take another, such as my_{name}")
    if name in RESERVED or name.startswith("event_") or name in _words_of_templates():
        raise Refused(f"'{name}' means something else where features are: take another")
    _check_free(root, name)


def _check_free(root: Path, name: str) -> None:
    """Raises Refused: nothing that is there is overwritten."""
    package, *others = _places(name)
    if (root / package).exists():
        raise Refused(f"there is a feature '{name}' already, in {package}")
    for path in others:
        if (root / path).exists():
            raise Refused(f"there is something in {path} already: move it, or take another name")
    if name in _tables():
        raise Refused(f"'{name}' is a table already: take another, such as my_{name}")
    feature = _commands(root / "src/yabot/features").get(name)
    if feature is not None:
        raise Refused(f"/{name} is a command of the feature '{feature}': take another")


def _words_of_templates() -> frozenset[str]:
    """What the new feature's code calls things: its table and its service are called ``name``."""
    code = [
        re.sub(r"@\w+@", "_", template.read_text(encoding="utf-8"))
        for template in TEMPLATES.rglob(f"*.py{SUFFIX}")
    ]
    tokens = (token for each in code for token in generate_tokens(StringIO(each).readline))
    return frozenset(token.string for token in tokens if token.type == NAME_TOKEN)


def _commands(features: Path) -> dict[str, str]:
    """The feature of each: of Telegram's menu, and of what handlers answer besides."""
    commands: dict[str, str] = {}
    for file in (*features.rglob("*.py"), *features.rglob("en.ftl")):
        text = file.read_text(encoding="utf-8")
        calls = " ".join(re.findall(r"\bCommand\(([^)]*)\)", text))
        found = re.findall(r'"(\w+)"', calls) + re.findall(r"^command-(\w+) =", text, re.MULTILINE)
        commands |= dict.fromkeys(found, file.relative_to(features).parts[0])
    return commands


def _places(name: str) -> tuple[Path, Path, Path]:
    """All that is the feature's alone, in the checkout: package, tests and page."""
    return (
        Path("src/yabot/features") / name,
        Path("tests/features") / name,
        Path("docs/features") / f"{name}.md",
    )


def _tables() -> frozenset[str]:
    # Here, because it takes a while: most names that are refused are refused before.
    from yabot.app import features, stores

    return frozenset(table.name for table in stores.schema_of(features.FEATURES).tables)


@contextmanager
def _all_or_none(root: Path, name: str) -> Iterator[None]:
    """Whatever ends it too early, the checkout is as it was."""
    before = {file: (root / file).read_bytes() for file in (*BEFORE_MENU, EVENTS)}
    try:
        yield
    except BaseException:
        for file, content in before.items():
            (root / file).write_bytes(content)
        package, tests, page = _places(name)
        for folder in (package, tests):
            shutil.rmtree(root / folder, ignore_errors=True)
        (root / page).unlink(missing_ok=True)
        raise


def _class_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _filled(text: str, words: dict[str, str]) -> str:
    for place, word in words.items():
        text = text.replace(place, word)
    return text


def _write(root: Path, template: Path, words: dict[str, str]) -> Path:
    path = Path(_filled(str(template.relative_to(TEMPLATES).with_suffix("")), words))
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(_filled(template.read_text(encoding="utf-8"), words), encoding="utf-8")
    return path


def _replace(file: Path, there: str, instead: str) -> None:
    """In the first line that begins with ``there``."""
    text = file.read_text(encoding="utf-8")
    head, found, tail = text.partition(f"\n{there}")
    assert found, f"{file} has no line that begins with {there!r}"
    file.write_text(f"{head}\n{instead}{tail}", encoding="utf-8")


def _format(root: Path, files: list[Path]) -> None:
    """A name's length decides where lines break, and its letters where its import stands."""
    ruff = Path(sys.executable).parent / "ruff"
    python = [str(file) for file in files if file.suffix == ".py"]
    # What a long name makes too long is checked when its lines are broken, not before.
    for command in (("check", "--select=I", "--fix"), ("format",), ("check",)):
        subprocess.run([ruff, *command, "--quiet", *python], cwd=root, check=True)


def _renew_events(root: Path) -> None:
    """In another process, which imports the feature as it is now. Raises Refused."""
    command = [sys.executable, "-c", CONSOLE, "events", "catalog"]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"nothing is written, for with it YABOT does not start:\n{done.stderr}")
    (root / EVENTS).write_text(done.stdout, encoding="utf-8")
