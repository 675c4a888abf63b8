"""Waits for a request's body before its turn, so that a slow sender holds up nobody else."""

from collections import deque

from starlette.datastructures import Headers

from yabot.api.operations.reading import LARGEST_BODY
from yabot.api.phases import Message, Receive


async def arrived(scope: Message, receive: Receive) -> Receive:
    """A ``receive`` that gives the body at once: all of it, or more of it than anybody reads."""
    if not _has_readable_body(Headers(scope=scope)):
        return receive
    messages: deque[Message] = deque()
    size, follows = 0, True
    while follows and size <= LARGEST_BODY:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        follows = message.get("more_body", False)

    async def receive_again() -> Message:
        return messages.popleft() if messages else await receive()

    return receive_again


def _has_readable_body(headers: Headers) -> bool:
    announced = headers.get("content-length")
    if announced is None:
        return "transfer-encoding" in headers
    return announced.isdecimal() and 0 < int(announced) <= LARGEST_BODY
