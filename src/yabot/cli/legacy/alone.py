"""One command at a time changes both sides: two would each tell of half of what was done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yabot.errors import InvalidInput
from yabot.runtime.lock import lock_file

MARK = "command.lock"


@contextmanager
def alone_at_work(folder: Path) -> Iterator[None]:
    """Until the end of the block, also by a kill; ``folder`` is made.

    Raises InvalidInput when another command is at work there, and OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = lock_file(folder / MARK)
    except BlockingIOError as error:
        raise InvalidInput(
            f"another `yabot legacy` command is at work in {folder}: wait until it has ended, or "
            "stop it"
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)
