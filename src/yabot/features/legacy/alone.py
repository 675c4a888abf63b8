"""Lets one command at a time change both sides: two would each report half of what was done."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from yabot.errors import InvalidInput
from yabot.runtime.lock import file_lock

MARK = "command.lock"


class AnotherAtWork(InvalidInput):
    """Another command is changing both sides."""


@contextmanager
def alone_at_work(folder: Path) -> Iterator[None]:
    """Hold the lock for the block; a kill releases it, too. Creates ``folder``.

    Raises AnotherAtWork, OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(file_lock(folder / MARK, wait=False))
        except BlockingIOError as error:
            raise AnotherAtWork(
                f"another `yabot legacy` command is at work in {folder}: wait until it has ended, "
                "or stop it"
            ) from error
        yield
