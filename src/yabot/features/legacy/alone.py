"""One command at a time changes both sides: two would each tell of half of what was done."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from yabot.errors import InvalidInput
from yabot.runtime.lock import file_lock

MARK = "command.lock"


class AnotherAtWork(InvalidInput):
    """A command changes both sides just now."""


@contextmanager
def alone_at_work(folder: Path) -> Iterator[None]:
    """Until the end of the block, also by a kill; ``folder`` is made.

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
