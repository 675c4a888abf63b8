"""The ``.env`` file."""

from collections import Counter
from pathlib import Path

from dotenv.parser import parse_stream

from yabot.errors import ConfigurationError


def read_env_file(path: Path | None) -> dict[str, str]:
    """Its variables, exactly as written (``${NAME}`` is not expanded); {} if there is no file.

    Of a name that stands there twice the last value counts, and is left out if it is empty. Raises
    ``ConfigurationError`` that names each line that cannot be read.
    """
    return {name: value for name, value in dict(_written(path)).items() if value}


def repeated_names(path: Path | None) -> list[str]:
    """Those that stand there more than once. Raises as above."""
    times = Counter(name for name, _ in _written(path))
    return [name for name, number in times.items() if number > 1]


def _written(path: Path | None) -> list[tuple[str, str]]:
    if path is None:
        return []
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(
            [f"{path}: it cannot be read: {reason}; mend it or remove it"]
        ) from None
    lines = [binding.original.line for binding in bindings if binding.error]
    if lines:
        raise ConfigurationError(
            [f"{path}: line {line} cannot be read; write NAME=value, or # first" for line in lines]
        )
    return [(binding.key, binding.value or "") for binding in bindings if binding.key]
