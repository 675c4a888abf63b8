"""Ends engines without a program, which are left when parent and watcher were both killed."""

import asyncio
import time
from collections.abc import Collection

import psutil

from yabot.embedded.folder import EngineFolder
from yabot.errors import StartupError
from yabot.observability.logging import get_logger

PATIENCE = 6.0  # seconds; a watcher that is just ending its engine takes five at most
AFTER_KILL = 1.0

log = get_logger(__name__)


async def end_leftover(folder: EngineFolder, names: Collection[str]) -> None:
    """Take the engine's lock, ending an engine of ours that still holds it.

    Raises StartupError when it cannot be ended.
    """
    if _free(folder):
        return
    leftovers = await asyncio.to_thread(holders, folder, names)
    log.info("engine.leftover", folder=str(folder.path), pids=[left.pid for left in leftovers])
    for forced, patience in ((False, PATIENCE), (True, AFTER_KILL)):
        _end(leftovers, forced=forced)
        if await _freed_within(folder, patience):
            return
    raise StartupError(
        f"{folder.path} is held by an engine of an earlier start that does not end "
        f"(process {', '.join(str(left.pid) for left in leftovers) or 'unknown'}): end it by hand."
    )


def holders(folder: EngineFolder, names: Collection[str]) -> list[psutil.Process]:
    """The engines that have this folder's lock open.

    Only children of a guardian inherit that file, so neither a reused pid nor a foreign server
    can be mistaken for ours; psutil compares the start time again before each signal.
    """
    return [
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] in names and _has_open(process, folder)
    ]


def _has_open(process: psutil.Process, folder: EngineFolder) -> bool:
    try:
        return any(_is_lock(file.path, folder) for file in process.open_files())
    except psutil.Error:  # gone by now, or another user's
        return False


def _is_lock(path: str, folder: EngineFolder) -> bool:
    return path == str(folder.engine.path.resolve())


def _end(processes: Collection[psutil.Process], *, forced: bool) -> None:
    for process in processes:
        try:
            process.kill() if forced else process.terminate()
        except psutil.NoSuchProcess:
            continue


async def _freed_within(folder: EngineFolder, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _free(folder):
            return True
        await asyncio.sleep(0.02)
    return False


def _free(folder: EngineFolder) -> bool:
    with folder.writing():
        return folder.engine.acquire()
