"""Does slow work on a large file in a process of its own, so that it holds up nobody here.

python -m yabot.features.legacy.side_by_side.apart take FILE FOLDER
python -m yabot.features.legacy.side_by_side.apart rewrite FILE STATE CONTENT   (changes on stdin)
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yabot.child_environment import child_environment
from yabot.error_text import error_text, kind_of
from yabot.errors import InvalidInput, YabotError
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable, rewrite
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.fingerprint import age
from yabot.features.legacy.sources.recognition import recognize

SMALL = 512 * 1024
"""Bytes: a file of this size is read in some milliseconds, so a thread will do."""
# Everybody else who needs the processor comes first.
NICENESS = 10
BUSY, UNUSABLE = 75, 1
# Seconds after which a writer of the file must have finished, or died.
STILL_WRITTEN = 10.0


async def take_snapshot(path: Path, folder: Path, small: int = SMALL) -> None:
    """Bring the snapshot to what the store has now. Raises OldFileBusy, OldFileUnusable."""
    if _is_small(path, small):
        await asyncio.to_thread(_in_words, _take, path, folder)
    else:
        await _apart("take", str(path), str(folder))


async def rewrite_file(
    path: Path, changes: Mapping[str, Any], state: str, content: str, small: int = SMALL
) -> None:
    """See ``old_file.rewrite``. Raises OldFileBusy, OldFileUnusable."""
    if _is_small(path, small):
        await asyncio.to_thread(_in_words, rewrite, path, changes, state, content)
    else:
        told = json.dumps(changes).encode()
        await _apart("rewrite", str(path), state, content, told=told)


def _is_small(path: Path, small: int) -> bool:
    try:
        return path.stat().st_size <= small
    except OSError:
        return True


def _take(path: Path, folder: Path) -> None:
    Snapshot.take(recognize(path), path, folder).close()


def _in_words(do: Any, path: Path, *arguments: Any) -> None:
    """Turn all errors into OldFileBusy or OldFileUnusable, with a sentence that names no user."""
    try:
        do(path, *arguments)
    except (OldFileBusy, OldFileUnusable):
        raise
    except InvalidInput as error:
        if is_fresh(path):
            raise OldFileBusy(error_text(error)) from error
        raise OldFileUnusable(error_text(error)) from error
    except YabotError as error:
        raise OldFileUnusable(error_text(error)) from error
    except OSError as error:
        raise OldFileUnusable(
            f"the old bot's file {path} cannot be used: {error.strerror or kind_of(error)}"
        ) from error
    except ValueError as error:
        # The error's own text may quote a reader's.
        raise OldFileUnusable(
            f"the old bot's file {path} cannot be used: it holds what cannot be read or written "
            f"({kind_of(error)})"
        ) from error


def is_fresh(path: Path, seconds: float = STILL_WRITTEN) -> bool:
    """Whether somebody may still be writing the file, which the old bot empties first. False for a
    file dated in the future, which would stay fresh until then."""
    try:
        return abs(age(path.stat())) < seconds
    except OSError:
        return False


async def _apart(*arguments: str, told: bytes = b"") -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=child_environment(),
    )
    try:
        said, _ = await process.communicate(told)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == BUSY:
        raise OldFileBusy(said.decode())
    if process.returncode:
        reason = said.decode() or f"the process that works on it ended with {process.returncode}"
        raise OldFileUnusable(reason)


def main(arguments: list[str]) -> int:
    os.nice(NICENESS)
    what, path, *others = arguments
    try:
        if what == "take":
            _in_words(_take, Path(path), Path(others[0]))
        else:
            _in_words(rewrite, Path(path), json.load(sys.stdin), *others)
    except OldFileBusy as error:
        sys.stdout.write(str(error))
        return BUSY
    except OldFileUnusable as error:
        sys.stdout.write(str(error))
        return UNUSABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
