"""What is logged, how and where."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ByteSize, Field

from yabot.settings.base import Section, variable
from yabot.settings.values import CreatableFile


def _upper(level: object) -> object:
    return level.upper() if isinstance(level, str) else level


class LoggingSettings(Section):
    level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
    ] = variable(
        "LOG_LEVEL",
        "INFO",
        about="The least serious lines that are logged.",
        value="DEBUG, INFO, WARNING, ERROR or CRITICAL",
    )
    format: Literal["json", "console"] = variable(
        "LOG_FORMAT",
        "json",
        about="How lines look on standard error: for programs or for people.",
        value="json or console",
        default_text="console at a terminal in development, else json",
    )
    file_path: CreatableFile | None = variable(
        "LOG_FILE_PATH",
        None,
        about="A file that takes every line too, always as JSON. One process, one file.",
        value="the path of a file that exists or can be created",
    )
    max_file_size: Annotated[ByteSize, Field(ge=1000)] = variable(
        "LOG_MAX_FILE_SIZE",
        ByteSize(10_000_000),
        about="The size at which the file is put away and a new one begun.",
        value="bytes, or a size such as 500KB, 10MB or 1GiB; at least 1000",
        default_text="10MB",
    )
    backup_count: Annotated[int, Field(ge=1, le=1000)] = variable(
        "LOG_BACKUP_COUNT",
        5,
        about="How many files put away are kept.",
        value="a whole number from 1 to 1000",
    )
