"""deploy/compose.yaml as Docker Compose reads it: variables put in, what is shared merged."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
EXAMPLE = DEPLOY / ".env.production.example"

# ${NAME}, ${NAME:-what is used without it} and ${NAME:?what is said without it}
REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\}")


def variables_used() -> set[str]:
    return {match["name"] for match in REFERENCE.finditer(COMPOSE.read_text())}


def example() -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(EXAMPLE).items()}


def compose(env: Mapping[str, str]) -> dict[str, Any]:
    """Raises KeyError with what Compose would say where a variable is required and empty."""
    document: dict[str, Any] = _interpolated(yaml.safe_load(COMPOSE.read_text()), env)
    return document


def _interpolated(node: Any, env: Mapping[str, str]) -> Any:
    """Compose reads YAML first: what is put into a text stays text, also when it is a number."""
    if isinstance(node, dict):
        return {key: _interpolated(value, env) for key, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(item, env) for item in node]
    return interpolate(node, env) if isinstance(node, str) else node


def interpolate(text: str, env: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        given = env.get(match["name"], "")
        if not given and match["kind"] == "?":
            raise KeyError(f"{match['name']}: {match['text']}")
        return given or (match["text"] if match["kind"] == "-" else "")

    return REFERENCE.sub(value, text)


def environment(service: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, str]:
    """The service's variables, with each of ``places`` replaced: paths and hosts of a container
    that are elsewhere on this machine."""

    def here(value: str) -> str:
        for there, place in places.items():
            value = value.replace(there, place)
        return value

    return {name: here(value) for name, value in service["environment"].items()}
