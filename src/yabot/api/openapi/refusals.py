"""Which problems an operation may answer with: its own, and those that depend on its form."""

from collections.abc import Iterable, Sequence
from typing import Any

from yabot.api.answering import problems
from yabot.api.answering.answers import REPLAYED
from yabot.api.answering.problems import MEDIA_TYPE, Problem
from yabot.api.auth.refusals import OF_TOKENS
from yabot.api.openapi.headers import OF_ALL, OF_CALLERS, header_refs
from yabot.api.operations.route import SCOPE_MISSING

Json = dict[str, Any]

OF_EVERY = (
    *OF_TOKENS,
    problems.BAD_REQUEST,
    problems.BODY_NOT_DECRYPTABLE,
    SCOPE_MISSING,
    problems.INVALID,
    problems.INTERNAL_ERROR,
    problems.STORE_UNAVAILABLE,
    problems.TOO_BUSY,
    problems.NOT_OPEN,
    problems.QUOTA_EXCEEDED,
)
OF_BODIES = (
    problems.BODY_MISSING,
    problems.BODY_MALFORMED,
    problems.BODY_TOO_LARGE,
    problems.MEDIA_TYPE_UNSUPPORTED,
)
# Refusals by a business rule are kept and given again to a repeat; those of the form are not.
MAY_BE_REPLAYED = (404, 409, 410, 412, 422, 428)
OF_CHANGES = (
    problems.KEY_REUSED,
    problems.ANSWER_FORGOTTEN,
    problems.OUTCOME_UNKNOWN,
)


def refusals(own: Sequence[Problem], *, has_body: bool, changes: bool) -> list[Problem]:
    """All of them once each, ordered by status and code."""
    form = OF_BODIES if has_body else (problems.BODY_UNEXPECTED,)
    found = {*own, *OF_EVERY, *form, *(OF_CHANGES if changes else ())}
    return sorted(found, key=lambda problem: (problem.status, problem.code))


def responses(refused: Iterable[Problem], replays: bool) -> dict[str, Json]:
    """Responses by status; the names of their examples are the codes."""
    by_status: dict[int, list[Problem]] = {}
    for problem in refused:
        by_status.setdefault(problem.status, []).append(problem)
    return {str(status): _response(status, found, replays) for status, found in by_status.items()}


def _response(status: int, found: Sequence[Problem], replays: bool) -> Json:
    lines = [f"- `{problem.code}`: {problem.meaning}" for problem in found]
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {
            problem.code: {"$ref": f"#/components/examples/{problem.code}"} for problem in found
        },
    }
    return {
        "description": "\n".join(lines),
        "headers": _headers(status, replays),
        "content": {MEDIA_TYPE: content},
    }


def _headers(status: int, replays: bool) -> Json:
    if status == 401:
        return header_refs([*OF_ALL, "WWW-Authenticate"])
    names = [*OF_CALLERS]
    if status in (429, 503):
        names.append("Retry-After")
    if replays and status in MAY_BE_REPLAYED:
        names.append(REPLAYED)
    return header_refs(names)


def examples(all_refused: Iterable[Problem]) -> Json:
    """An example of the body for each code."""
    return {
        problem.code: {"summary": problem.meaning, "value": _example(problem)}
        for problem in sorted(all_refused, key=lambda problem: problem.code)
    }


def _example(problem: Problem) -> Json:
    body = problem.refuse().body("0190b8a4-6f4e-7c1a-9d5e-3b7f0c2a1d88")
    return body.model_dump(mode="json", exclude_defaults=True)
