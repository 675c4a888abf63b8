"""The ``.env`` file."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import parse_stream

from yabot.errors import ConfigurationError

# Characters; all settings together are a few thousand.
LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class EnvFile:
    """``variables`` are exactly as written: ``${NAME}`` is not expanded.

    Of a ``repeated`` name the last value counts; an empty one counts as not set.
    """

    variables: Mapping[str, str]
    repeated: Sequence[str]


def read_env_file(path: Path | None) -> EnvFile:
    """An empty one if there is no file.

    Raises ``ConfigurationError`` that names each line that cannot be read.
    """
    written = _written(path)
    times = Counter(name for name, _ in written)
    return EnvFile(
        {name: value for name, value in dict(written).items() if value},
        [name for name, number in times.items() if number > 1],
    )


def _written(path: Path | None) -> list[tuple[str, str]]:
    text = "" if path is None else _text(path)
    bindings = list(parse_stream(io.StringIO(text)))
    lines = [binding.original.line for binding in bindings if binding.error]
    if lines:
        raise ConfigurationError(
            [f"{path}: line {line} cannot be read; write NAME=value, or # first" for line in lines]
        )
    return [(binding.key, binding.value or "") for binding in bindings if binding.key]


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            text = stream.read(LARGEST + 1)
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(
            [f"{path}: it cannot be read: {reason}; mend it or remove it"]
        ) from None
    if len(text) > LARGEST:
        raise ConfigurationError(
            [f"{path}: it has more than {LARGEST} characters; leave what is no setting out of it"]
        )
    return text
