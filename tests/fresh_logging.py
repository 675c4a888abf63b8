"""A pytest plugin: each test begins with logging as Python has it, whatever ran before."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logging_as_python_has_it() -> Iterator[None]:
    root = logging.getLogger()
    handlers, hooks = root.handlers[:], (sys.excepthook, threading.excepthook)
    _let(root, logging.WARNING)
    _let(logging.getLogger("yabot"), logging.NOTSET)
    yield
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    structlog.contextvars.clear_contextvars()


def _let(logger: logging.Logger, level: int) -> None:
    """Has that level. To set it, Python makes each of hundreds of loggers forget what it passes."""
    if logger.level != level:
        logger.setLevel(level)
