"""How a request shows who asks, and an answer whose it is."""

from dataclasses import dataclass
from typing import Protocol

from yabot_client.calls import Answer
from yabot_client.errors import UntrustedAnswer
from yabot_client.outcomes import JSON, Refusal, outcome_of
from yabot_client.requests import USER_AGENT, Meant
from yabot_client.tokens import BoundToken, Tokens
from yabot_client.wire import HttpRequest, HttpResponse, Steps, at_once

JOSE = "application/jose"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One try, ready to be sent."""

    request: HttpRequest
    # Where its token holds for it alone.
    token: BoundToken | None = None


class Protection(Protocol):
    def prepare(self, meant: Meant, timeout: float) -> Steps[Prepared]:
        """Another one for each try."""

    def read(self, prepared: Prepared, response: HttpResponse) -> Steps[Answer | Refusal]:
        """Raises UntrustedAnswer."""

    def mend(self, refusal: Refusal) -> Steps[bool]:
        """Whether what was refused may be taken now, without having waited."""


class Plain:
    """A token, and else what HTTP has; TLS protects it."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @at_once
    def prepare(self, meant: Meant, timeout: float) -> Prepared:
        headers = outer_headers(self._tokens.of(meant.scope), JSON) | dict(meant.headers)
        if meant.body is not None:
            headers["Content-Type"] = JSON
        content = meant.body or b""
        return Prepared(HttpRequest(meant.method, meant.url, headers, content, timeout))

    @at_once
    def read(self, prepared: Prepared, response: HttpResponse) -> Answer | Refusal:  # noqa: ARG002
        if response.media_type == JOSE:
            raise UntrustedAnswer(
                "YABOT encrypts for this service, and the client has not been told of it: give "
                "decryption_keys and yabot_keys."
            )
        return outcome_of(response.status, response.headers, response.content)

    @at_once
    def mend(self, refusal: Refusal) -> bool:
        if is_untimely(refusal):
            return self._tokens.renew(refusal.made_at)
        return False


def is_untimely(refusal: Refusal) -> bool:
    """Whether it is the time of the token that YABOT does not take."""
    return refusal.code in ("token_expired", "token_not_yet_valid")


def outer_headers(token: str, accept: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": accept,
        # What is compressed has no bound.
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
    }
