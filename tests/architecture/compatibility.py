"""What a later event may change without breaking those who read it: add optional fields."""

from typing import Any

Json = dict[str, Any]
# All of these say what a value can be; consumers may rely on each.
MEANING = ("type", "enum", "const", "format", "minimum", "maximum", "pattern", "items", "anyOf")


def broken_promises(frozen: Json, current: Json) -> list[str]:
    """A line for each way in which ``current`` breaks what ``frozen`` promised; none is well.

    Both are ``Catalog.schemas()``. A type that is new promises nothing yet.
    """
    broken = []
    for name, old in frozen.items():
        new = current.get(name)
        if new is None:
            broken.append(f"{name}: is gone")
        elif new["version"] != old["version"]:
            broken.append(f"{name}: version {old['version']} became {new['version']}")
        else:
            broken += _compare(name, _resolved(old["payload"]), _resolved(new["payload"]))
    return broken


def _compare(path: str, old: Json, new: Json) -> list[str]:
    broken = [
        f"{path}: {word} {old.get(word)!r} became {new.get(word)!r}"
        for word in MEANING
        if old.get(word) != new.get(word)
    ]
    was, now = set(old.get("required", ())), set(new.get("required", ()))
    broken += [f"{path}.{field}: may be missing now" for field in sorted(was - now)]
    broken += [f"{path}.{field}: is required now" for field in sorted(now - was)]
    properties = new.get("properties", {})
    for field, schema in old.get("properties", {}).items():
        if field in properties:
            broken += _compare(f"{path}.{field}", schema, properties[field])
        else:
            broken.append(f"{path}.{field}: is gone")
    return broken


def _resolved(schema: Json) -> Json:
    """The schema with its definitions in place, without words for people."""
    definitions = schema.get("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, list):
            return [resolve(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return resolve(definitions[part["$ref"].rpartition("/")[2]])
        return {key: resolve(value) for key, value in part.items() if key != "$defs"}

    resolved: Json = resolve(schema)
    return resolved
