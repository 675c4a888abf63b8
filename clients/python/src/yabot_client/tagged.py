"""What is answered with an ETag, and what to do with it."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from yabot_client.calls import Answer
from yabot_client.errors import UntrustedAnswer

T = TypeVar("T")
NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Tagged(Generic[T]):
    """``etag`` names this state of ``value``: as ``if_match`` it lets a change happen only while
    nobody else has made one."""

    value: T
    etag: str


def etag(known: Tagged[Any] | None) -> str | None:
    return None if known is None else known.etag


def tagged(answer: Answer, known: Tagged[Any] | None = None) -> Tagged[Any]:
    """What was answered; or ``known``, when the answer is that it still holds.

    Raises UntrustedAnswer.
    """
    if known is not None and answer.status == NOT_MODIFIED:
        return known
    if (found := answer.headers.get("ETag")) is None:
        raise UntrustedAnswer("The answer lacks its ETag: something on the way has taken it out.")
    return Tagged(answer.body, found)
