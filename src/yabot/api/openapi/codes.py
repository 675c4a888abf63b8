"""The codes of all problems as a table in Markdown, for the documentation."""

from typing import Any

from yabot.api.answering.problems import METHOD_NOT_ALLOWED, NOT_FOUND

Json = dict[str, Any]

# No operation answers with these: such a request reaches none.
_BESIDE = (NOT_FOUND, METHOD_NOT_ALLOWED)
# So many operations are named; more are only counted.
FEW = 3


def codes_table(document: Json) -> str:
    """The table, by status, with the operations that answer so, or their number."""
    told = {(each.status, each.code): (each.meaning, "no operation") for each in _BESIDE}
    who = _operations_by_code(document)
    everybody = sum(len(item) for item in document["paths"].values())
    for code, example in document["components"]["examples"].items():
        where = _where(who[code], everybody)
        told[example["value"]["status"], code] = (example["summary"], where)
    rows = [
        f"| {status} | `{code}` | {meaning} | {where} |"
        for (status, code), (meaning, where) in sorted(told.items())
    ]
    head = ["| status | code | | of |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) + "\n"


def _where(names: list[str], everybody: int) -> str:
    if len(names) == everybody:
        return "all"
    if len(names) > FEW:
        return f"{len(names)} operations"
    return ", ".join(f"`{name}`" for name in names)


def _operations_by_code(document: Json) -> dict[str, list[str]]:
    shared = document["components"]["responses"]
    found: dict[str, list[str]] = {}
    for item in document["paths"].values():
        for operation in item.values():
            for named in operation["responses"].values():
                response = shared.get(named.get("$ref", "").rpartition("/")[2], named)
                for content in response.get("content", {}).values():
                    for code in content.get("examples", {}):
                        found.setdefault(code, []).append(operation["operationId"])
    return found
