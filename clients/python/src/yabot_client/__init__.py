"""Asks YABOT's API; tokens, certificates, encryption and retries are its business."""

from yabot_client.calls import Answer, Call
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
    "Call",
    "FieldError",
    "Misconfigured",
    "Refused",
    "Unreachable",
    "UntrustedAnswer",
    "YabotError",
]
