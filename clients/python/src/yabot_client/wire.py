"""What the logic asks of whoever can reach the network: it does no input and output itself."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import wraps
from typing import Generic, ParamSpec, TypeVar

import httpx

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    url: httpx.URL = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    # Seconds, for all of it.
    timeout: float


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Failure:
    """There is no whole response."""

    why: str
    # It may have been taken in, and even done.
    may_have_arrived: bool
    # Trying again would end alike.
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


Reply = HttpResponse | Failure | None
# Yields what is to be done next; is sent what came of a request, and None behind a wait.
Steps = Generator[HttpRequest | Wait, Reply, T]


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    value: T


def advance(steps: Steps[T], reply: Reply) -> HttpRequest | Wait | Done[T]:
    """What is to be done next, or that nothing is."""
    try:
        return steps.send(reply)
    except StopIteration as end:
        return Done(end.value)


def at_once(work: Callable[P, T]) -> Callable[P, Steps[T]]:
    """The same as steps, for what needs nothing of the network."""

    @wraps(work)
    def steps(*args: P.args, **kwargs: P.kwargs) -> Steps[T]:
        return work(*args, **kwargs)
        yield

    return steps
