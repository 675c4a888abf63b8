"""pydantic's errors as sentences for the operator."""

from pydantic_core import ErrorDetails

from yabot.settings.base import Problem
from yabot.settings.reference import variables


def mistake(detail: ErrorDetails) -> Problem:
    """``detail`` as the variable, what is wrong with it, and what would be right."""
    name = str(detail["loc"][0])
    variable = next(v for v in variables() if v.name == name)
    wrong = _own_words(detail) or _wrong(
        detail, "it" if variable.secret else repr(str(detail["input"]))
    )
    return Problem(name, wrong, f"write {variable.value}")


def _own_words(detail: ErrorDetails) -> str:
    return str(detail.get("ctx", {}).get("error", "")) if detail["type"] == "value_error" else ""


def _wrong(detail: ErrorDetails, subject: str) -> str:
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "greater_than_equal":
            return f"{subject} is less than {limits['ge']}"
        case "less_than_equal":
            return f"{subject} is more than {limits['le']}"
        case "int_parsing" | "int_from_float" | "int_parsing_size":
            return f"{subject} is not a whole number"
        case _:
            return f"{subject} is not one of the possible values"
