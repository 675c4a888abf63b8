"""One tree. No text of an error quotes a token, a key or a body."""

from collections.abc import Sequence
from dataclasses import dataclass


class YabotError(Exception):
    """Whatever ends a call without YABOT's answer to it."""

    # With which a change was sent: sent again with the same, it takes effect once.
    idempotency_key: str | None = None


class Misconfigured(YabotError, ValueError):
    """An argument of the client is not what it should be."""


class Unreachable(YabotError):
    """No answer came: no connection, a broken one, or none in time."""


class UntrustedAnswer(YabotError):
    """Something answered, and nothing shows that it was YABOT."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with a part of the body, or with a parameter."""

    # A JSON pointer into the body, or the parameter's name.
    pointer: str
    detail: str


class Refused(YabotError):
    """YABOT does not do it, and says why."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        correlation_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        # For programs: it stays. Empty where the answer has none.
        self.code = code
        # For people: it may change.
        self.detail = detail
        self.errors = tuple(errors)
        self.correlation_id = correlation_id
        # Seconds.
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type["Refused"], tuple[int, str, str], dict[str, object]]:
        """For pickle and copy: an exception's own gives ``__init__`` the message alone."""
        return type(self), (self.status, self.code, self.detail), vars(self)
