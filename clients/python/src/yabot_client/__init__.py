"""Asks YABOT's API; tokens, certificates, encryption and retries are its business."""

from yabot_client.async_client import AsyncClient
from yabot_client.calls import Answer, Call
from yabot_client.client import Client
from yabot_client.correlation import correlation
from yabot_client.errors import (
    FieldError,
    Misconfigured,
    Refused,
    Unreachable,
    UntrustedAnswer,
    YabotError,
)

__all__ = [
    "Answer",
    "AsyncClient",
    "Call",
    "Client",
    "FieldError",
    "Misconfigured",
    "Refused",
    "Unreachable",
    "UntrustedAnswer",
    "YabotError",
    "correlation",
]
