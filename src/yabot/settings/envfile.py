"""The ``.env`` file."""

from pathlib import Path

from dotenv.parser import parse_stream

from yabot.errors import ConfigurationError


def read_env_file(path: Path | None) -> dict[str, str]:
    """Its variables, exactly as written (``${NAME}`` is not expanded); {} if there is no file.

    Raises ``ConfigurationError`` that names each line that cannot be read.
    """
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return {}
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
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value}
