"""What a later OpenAPI document may say without breaking the clients of an earlier one."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.architecture.compatibility import Breaks, differences, resolved

Json = dict[str, Any]


def broken_promises(frozen: Json, current: Json, today: date) -> list[str]:
    """A line for each way in which ``current`` breaks what ``frozen`` promised; none is well.

    What was announced to go may be gone behind its day. A status and a code that are new break
    nobody, unless it is a success: clients treat a code that they do not know by its status.
    """
    return [*dict.fromkeys(_broken(frozen, current, today))]


def _broken(frozen: Json, current: Json, today: date) -> Iterator[str]:
    for path, item in frozen["paths"].items():
        for method, old in item.items():
            name = f"{method.upper()} {path}"
            new = current["paths"].get(path, {}).get(method)
            if new is not None:
                yield from (
                    f"{name}: {told}"
                    for told in _operation(resolved(old, frozen), resolved(new, current))
                )
                if _security(old, frozen) != _security(new, current):
                    yield f"{name}: authenticates otherwise"
            elif not _was_announced(old, today):
                yield f"{name}: is gone"


def _was_announced(operation: Json, today: date) -> bool:
    return "x-sunset" in operation and date.fromisoformat(operation["x-sunset"]) < today


def _security(operation: Json, document: Json) -> Any:
    """Without the words for people."""
    wanted = operation.get("security", document.get("security"))
    schemes = document["components"].get("securitySchemes", {})
    told = {
        name: {word: value for word, value in scheme.items() if word != "description"}
        for name, scheme in schemes.items()
    }
    return wanted, told


def _operation(old: Json, new: Json) -> Iterator[str]:
    for word, told in (("operationId", "another name"), ("x-required-scope", "another scope")):
        if old.get(word) != new.get(word):
            yield f"has {told}"
    if old.get("x-sunset", "9999") > new.get("x-sunset", "9999") and "x-sunset" in old:
        yield "goes earlier than announced"
    yield from _parameters(_named(old), _named(new))
    yield from _body(old.get("requestBody"), new.get("requestBody"))
    yield from _responses(old["responses"], new["responses"])


def _named(operation: Json) -> dict[tuple[str, str], Json]:
    return {(each["in"], each["name"]): each for each in operation.get("parameters", [])}


def _parameters(
    old: dict[tuple[str, str], Json], new: dict[tuple[str, str], Json]
) -> Iterator[str]:
    for key, parameter in new.items():
        is_needed = parameter.get("required", False)
        if is_needed and not old.get(key, {}).get("required", False):
            yield f"needs the parameter {key[1]}"
    for key, parameter in old.items():
        if key not in new:
            yield f"takes no parameter {key[1]} in the {key[0]} any more"
        else:
            yield from _told(key[1], parameter["schema"], new[key]["schema"], Breaks.SENDERS)


def _body(old: Json | None, new: Json | None) -> Iterator[str]:
    if old is None or new is None:
        if new is not None and new.get("required"):
            yield "needs a body"
        elif old is not None:
            yield "takes no body any more"
        return
    if new.get("required") and not old.get("required"):
        yield "needs a body"
    yield from _contents("body", old["content"], new["content"], Breaks.SENDERS)


def _responses(old: Json, new: Json) -> Iterator[str]:
    for status in new.keys() - old.keys():
        if status.startswith("2"):
            yield f"answers {status}, too"
    for status, response in old.items():
        if status not in new:
            yield f"never answers {status} any more"
            continue
        for header in response.get("headers", {}).keys() - new[status].get("headers", {}).keys():
            yield f"{status} comes without {header}"
        before, after = response.get("content", {}), new[status].get("content", {})
        if after and not before:
            yield f"{status} has a body now"
        yield from _contents(status, before, after, Breaks.READERS)


def _contents(name: str, old: Json, new: Json, whom: Breaks) -> Iterator[str]:
    for kind, content in old.items():
        if kind not in new:
            yield f"{name} is no {kind} any more"
            continue
        for code in content.get("examples", {}).keys() - new[kind].get("examples", {}).keys():
            yield f"{name} has no code {code} any more"
        yield from _told(name, content["schema"], new[kind]["schema"], whom)


def _told(name: str, old: Json, new: Json, whom: Breaks) -> Iterator[str]:
    return (each.told for each in differences(name, old, new) if each.breaks & whom)
