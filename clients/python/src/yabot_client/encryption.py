"""Bodies that only YABOT and the service can read, each bound to its request: ADR 18."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from yabot_client.calls import Answer
from yabot_client.errors import UntrustedAnswer
from yabot_client.jose import DecryptionKey, KeyUnknown, Unusable, decrypted, verified
from yabot_client.kept import Kept
from yabot_client.outcomes import Refusal, hint_of, outcome_of
from yabot_client.protection import JOSE, Prepared, is_untimely, outer_headers
from yabot_client.requests import Meant
from yabot_client.tokens import BoundToken, SignedTokens
from yabot_client.wire import HttpRequest, HttpResponse, Steps
from yabot_client.yabot_keys import CLOCKS_DIFFER, YabotKeys

ANSWER_TYP = "yabot-answer+jwt"
# Seconds. A Date that nobody has signed may be believed only so far: a token that is made for
# later could be held back until then.
MOST_SKEW = 300.0


class Encrypted:
    """A token that holds for one request, and bodies in JWE on both ways."""

    def __init__(
        self,
        service: str,
        tokens: SignedTokens,
        ours: Sequence[Kept[DecryptionKey]],
        yabots: YabotKeys,
    ) -> None:
        self._service = service
        self._tokens = tokens
        self._ours = ours
        self._yabots = yabots

    def prepare(self, meant: Meant, timeout: float) -> Steps[Prepared]:
        if self._yabots.is_due:
            yield from self._yabots.refresh()
        content = b"" if meant.body is None else self._yabots.now.encrypt_to.encrypt(meant.body)
        token = self._tokens.bound(meant.scope, _binding(meant, content))
        headers = outer_headers(token.text, JOSE)
        if content:
            headers["Content-Type"] = JOSE
        return Prepared(HttpRequest(meant.method, meant.url, headers, content, timeout), token)

    def read(self, prepared: Prepared, response: HttpResponse) -> Steps[Answer | Refusal]:
        if response.media_type != JOSE:
            return hint_of(response)
        assert prepared.token is not None
        try:
            signed = decrypted(response.content, self._our_key)
            claims = yield from self._verified(signed)
            _require_answer_to(prepared.token, self._service, claims)
            return outcome_of(*_said(claims))
        except Unusable as error:
            raise UntrustedAnswer(f"The answer is not shown to be YABOT's: {error}.") from None

    def mend(self, refusal: Refusal) -> Steps[bool]:
        if is_untimely(refusal):
            return self._tokens.renew(refusal.made_at)
        if refusal.code == "body_not_decryptable":
            return (yield from self._yabots.refresh())
        # Something between has sent the request twice; the next has a token of its own.
        return refusal.code == "token_replayed"

    def _our_key(self, kid: str) -> DecryptionKey | None:
        return next((key for each in self._ours if (key := each.get()).kid == kid), None)

    def _verified(self, signed: bytes) -> Steps[dict[str, Any]]:
        """Raises Unusable."""
        try:
            return verified(signed, ANSWER_TYP, self._yabots.now.answers.get)
        except KeyUnknown:
            yield from self._yabots.refresh()
        try:
            return verified(signed, ANSWER_TYP, self._yabots.now.answers.get)
        except KeyUnknown as error:
            raise Unusable(
                f"{error}; if those were rotated more than a day ago, yabot_keys must be what "
                "`yabot service keys` prints now"
            ) from None


def _binding(meant: Meant, content: bytes) -> dict[str, Any]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return {
        "method": meant.method,
        "target": meant.target,
        "body": digest,
        "headers": dict(meant.headers),
    }


def _require_answer_to(token: BoundToken, service: str, claims: Mapping[str, Any]) -> None:
    """Raises Unusable."""
    if (claims.get("iss"), claims.get("aud")) != ("yabot", service):
        raise Unusable("it is for another service, or another's")
    if claims.get("req") != token.jti:
        raise Unusable("it answers another request")
    made_at = claims.get("iat")
    # Since the request was made, and before its token could have been taken too late.
    if not isinstance(made_at, int) or abs(made_at - token.issued_at) > 2 * CLOCKS_DIFFER:
        raise Unusable("it was made at another time than its request")


def _said(claims: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body. Raises Unusable."""
    status, headers, body = claims.get("status"), claims.get("headers"), claims.get("body", "")
    if not isinstance(status, int) or not 200 <= status < 600:
        raise Unusable("it has no status")
    if not isinstance(headers, dict) or not isinstance(body, str):
        raise Unusable("its headers or its body are of the wrong kind")
    return status, {str(name): str(value) for name, value in headers.items()}, body.encode()
