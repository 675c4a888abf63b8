"""Checks what other users of this machine may do with this program's files."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from yabot.cli.probes import Check
from yabot.errors import ConfigurationError
from yabot.private_files import is_wide, require_ours
from yabot.settings import Settings

# Most paths that are named in a message.
MOST_NAMED = 3


def data_directory(settings: Settings) -> Check:
    """Whether the data directory can be written; if it exists, that is tried."""
    path = settings.data_dir
    if not path.exists():
        return Check("data directory", "ok", f"{path} will be created")
    try:
        with TemporaryFile(dir=path):
            return Check("data directory", "ok", f"{path} can be written")
    except OSError as error:
        mend = "set YABOT_DATA_DIR to a directory of yours, or make room"
        return Check("data directory", "problem", f"{path}: {error.strerror}; {mend}")


def privacy(settings: Settings) -> Check:
    """Whether only the owner may access the files with readers' texts and engines' passwords."""
    name, places = "privacy", dict(_places(settings))
    try:
        for path, variable in places.items():
            require_ours(path, variable)
    except ConfigurationError as error:
        return Check(name, "problem", str(error))
    except OSError as error:
        return Check(name, "problem", f"{error.filename} cannot be looked at: {error.strerror}")
    wide = sorted(str(path) for path in places if _is_exposed(path, settings.data_dir))
    if not wide:
        return Check(name, "ok", "nobody else on this machine may read or write the files")
    named = ", ".join(wide[:MOST_NAMED]) + (", and more" if wide[MOST_NAMED:] else "")
    mend = " ".join(wide[:MOST_NAMED])
    return Check(name, "warning", f"others may read or write {named}; run chmod go= {mend}")


def _is_exposed(path: Path, data_dir: Path) -> bool:
    """Whether others may access it: not if they cannot enter a folder above it."""
    above = (folder for folder in path.parents if folder.is_relative_to(data_dir))
    return is_wide(path) and all(map(is_wide, above))


def _places(settings: Settings) -> Iterator[tuple[Path, str]]:
    yield settings.data_dir, "YABOT_DATA_DIR"
    if settings.data_dir.is_dir():
        for path in (*settings.data_dir.glob("*"), *settings.data_dir.glob("*/*")):
            yield path, "YABOT_DATA_DIR"
    if settings.sql.embedded:
        yield settings.sql.sqlite_path, "SQLITE_DATABASE_PATH"
    yield settings.api.keys_dir, "API_KEYS_DIR"
    if settings.logging.file_path:
        yield settings.logging.file_path, "LOG_FILE_PATH"
