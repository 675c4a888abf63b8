"""``operations.py`` and ``async_operations.py``: a method for each operation of the document."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from generate.codes_file import class_of
from generate.document import (
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    Argument,
    Operation,
    codes_by_kind,
)
from generate.formatting import docstring, head, sentence

IMPORTS = """
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from yabot_client.calls import AsyncSend, Call, Send
from yabot_client.pages import AsyncPages, Pages
from yabot_client.tagged import Tagged, etag, tagged
from yabot_client.writing import given, query, segment
"""


@dataclass(frozen=True, slots=True)
class Flavour:
    """What differs between a client that waits and one that is awaited."""

    name: str
    about: str
    define: str
    wait: str
    send: str
    pages: str


SYNC = Flavour("Operations", "Every operation of the API.", "def", "", "Send", "Pages")
ASYNC = Flavour(
    "AsyncOperations",
    "Every operation of the API, to be awaited.",
    "async def",
    "await ",
    "AsyncSend",
    "AsyncPages",
)


def operations_file(operations: Sequence[Operation], types: Iterable[str], flavour: Flavour) -> str:
    """Imports all that there is: the formatter leaves out what is not used."""
    imports = IMPORTS + f"from yabot_client.types import {', '.join(types)}\n"
    return "\n".join([head(flavour.about), imports, *_class(operations, flavour)])


def _all_arguments(operation: Operation) -> list[Argument]:
    return [*operation.path_arguments, *operation.query, *(operation.body or ())]


def _class(operations: Sequence[Operation], flavour: Flavour) -> Iterator[str]:
    common = codes_by_kind(operations)
    yield f"class {flavour.name}:"
    yield docstring([flavour.about, *_of_all(common)], 1)
    yield f"    def __init__(self, send: {flavour.send}) -> None:\n        self._send = send\n"
    said_already = frozenset().union(*common.values())
    for operation in operations:
        yield _method(operation, flavour, sorted(operation.codes - said_already))
        if operation.item:
            yield _iterator(operation, flavour)


def _of_all(common: dict[str, frozenset[str]]) -> Iterator[str]:
    yield "What a method may raise beside what it names, as classes of ``codes``:"
    yield "\n".join(
        f"- {kind}: {', '.join(class_of(code) for code in sorted(codes))}"
        for kind, codes in common.items()
        if codes
    )
    yield "What may be left out is not sent when it is None."


def _method(operation: Operation, flavour: Flavour, codes: Sequence[str]) -> str:
    returned = _returned(operation)
    return (
        f"    {flavour.define} {operation.id}({_signature(operation)}) -> {returned}:\n"
        f"{docstring(_about(operation, codes), 2)}"
        f"        {_answered(operation, flavour)}\n"
    )


def _returned(operation: Operation) -> str:
    if operation.answer is None:
        return "None"
    return f"Tagged[{operation.answer}]" if operation.has_etag else operation.answer


def _signature(operation: Operation) -> str:
    by_place = [f"{each.name}: {each.kind}" for each in operation.path_arguments]
    named = [*(operation.body or ()), *operation.query]
    by_name = [f"{each.name}: {each.kind}" for each in named if each.needed]
    by_name += [f"{each.name}: {_or_none(each.kind)} = None" for each in named if not each.needed]
    by_name += [f"{name}: {kind} = None" for name, kind in _of_headers(operation)]
    names = [each.partition(":")[0] for each in [*by_place, *by_name]]
    if len(set(names)) < len(names):
        raise ValueError(f"{operation.id} has two arguments of one name: {names}.")
    return ", ".join(["self", *by_place, *(["*", *by_name] if by_name else []), ""])


def _or_none(kind: str) -> str:
    return kind if kind.endswith("None") else f"{kind} | None"


def _of_headers(operation: Operation) -> Iterator[tuple[str, str]]:
    if IF_MATCH in operation.headers:
        yield "if_match", "str | None"
    if IDEMPOTENCY_KEY in operation.headers:
        yield "idempotency_key", "str | None"
    if IF_NONE_MATCH in operation.headers:
        yield "known", f"{_returned(operation)} | None"


def _about(operation: Operation, codes: Sequence[str]) -> Iterator[str]:
    yield sentence(operation.summary)
    yield from operation.description.split("\n\n")
    if IF_NONE_MATCH in operation.headers:
        yield "While nothing has changed since ``known`` was answered, it is returned itself."
    yield "\n".join(
        f"- {each.name}: {' '.join(each.about.split())}"
        for each in _all_arguments(operation)
        if each.about
    )
    if codes:
        yield f"Raises {', '.join(class_of(code) for code in codes)}."


def _answered(operation: Operation, flavour: Flavour) -> str:
    answer = f"{flavour.wait}self._send({_call(operation)})"
    if operation.answer is None:
        return answer
    if not operation.has_etag:
        # Its own line, so that what is awaited stands by itself.
        return f"answer = {answer}\n        return cast({operation.answer}, answer.body)"
    known = ", known" if IF_NONE_MATCH in operation.headers else ""
    return f"answer = {answer}\n        return tagged(answer{known})"


def _call(operation: Operation) -> str:
    said = {
        "operation": f'"{operation.id}"',
        "method": f'"{operation.method}"',
        "path": _path(operation),
        "scope": f'"{operation.scope}"',
    }
    if operation.query:
        said["query"] = f"query({_entries(operation.query)})"
    if operation.body is not None:
        said["body"] = _body(operation.body)
        said["has_body"] = "True"
    if IF_MATCH in operation.headers:
        said["if_match"] = "if_match"
    if IF_NONE_MATCH in operation.headers:
        said["if_none_match"] = "etag(known)"
    if operation.changes:
        said["changes"] = "True"
        said["idempotency_key"] = "idempotency_key"
    return f"Call({', '.join(f'{name}={value}' for name, value in said.items())},)"


def _path(operation: Operation) -> str:
    path = operation.path
    for each in operation.path_arguments:
        path = path.replace(f"{{{each.sent_as}}}", f"{{segment({each.name})}}")
    return f'f"{path}"' if operation.path_arguments else f'"{path}"'


def _body(fields: Sequence[Argument]) -> str:
    needed = [each for each in fields if each.needed]
    others = [each for each in fields if not each.needed]
    if not needed:
        return f"given({_entries(others)})"
    rest = f", **given({_entries(others)})" if others else ""
    return f"{{{_entries(needed)[1:-1]}{rest}}}"


def _entries(arguments: Sequence[Argument]) -> str:
    return "{" + ", ".join(f'"{each.sent_as}": {each.name}' for each in arguments) + "}"


def _iterator(operation: Operation, flavour: Flavour) -> str:
    name = operation.id.partition("_")[2]
    pages = f"{flavour.pages}[{operation.item}]"
    by_place = "".join(f"{each.name}, " for each in operation.path_arguments)
    by_name = ", ".join(f"{each.name}={each.name}" for each in operation.query)
    about = [
        f"All that :meth:`{operation.id}` answers, page after page.",
        f"``limit`` is of each page; ``after`` is a ``cursor`` of {flavour.pages}, to go on from.",
    ]
    return (
        f"    def iterate_{name}({_signature(operation)}) -> {pages}:\n"
        f"{docstring(about, 2)}"
        f"        return {flavour.pages}("
        f"lambda after: self.{operation.id}({by_place}{by_name}), after)\n"
    )
