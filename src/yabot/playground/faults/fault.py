"""One kind of fault, and which calls or deliveries it concerns."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from yabot.playground.bot_api.registry import ALL_OF_TELEGRAM

CallKind = Literal[
    "flood",
    "server_error",
    "bad_gateway",
    "forbidden",
    "bad_request",
    "drop_before",
    "drop_after",
    "undecodable",
    "rubbish",
    "delay",
    "late",
]
DeliveryKind = Literal["duplicate", "reorder", "burst"]

CALL_KINDS: frozenset[str] = frozenset(get_args(CallKind))


class Fault(BaseModel):
    """``seconds`` is how long a delay lasts, a late answer takes, a reordered delivery is held
    back at most, or a burst gathers; ``retry_after`` (seconds) belongs to a flood."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: CallKind | DeliveryKind
    method: str | None = Field(None, description="null: every method but getUpdates")
    chat_id: int | None = Field(None, description="null: every chat")
    probability: float = Field(1.0, gt=0, le=1)
    count: int | None = Field(None, ge=1, description="null: until it is cleared")
    retry_after: int = Field(1, ge=1, le=3600)
    seconds: float = Field(1.0, gt=0, le=120)

    @field_validator("method")
    @classmethod
    def _known(cls, method: str | None) -> str | None:
        if method is None:
            return None
        known = ALL_OF_TELEGRAM.get(method.lower())
        if known is None:
            raise ValueError(f"Telegram has no method {method}")
        return known

    def concerns_call(self, name: str, chat_id: int) -> bool:
        """``name`` in lower case; ``chat_id`` 0 when the call names no chat."""
        if self.kind not in CALL_KINDS or self.chat_id not in {None, chat_id}:
            return False
        # A fault that names no method is meant for what the bot does, not for its polling.
        return name != "getupdates" if self.method is None else self.method.lower() == name
