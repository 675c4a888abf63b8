"""What a token says: who asks, for what they may ask, and for how long it is valid."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from yabot.api.binding import DIGEST, Binding

# The issuer of our own tokens, and the audience of every token.
ISSUER = AUDIENCE = "yabot"
# The longest lifetime of a token of ours, and of one that a service has signed itself.
LONGEST_OF_OURS = timedelta(hours=24)
LONGEST_OF_SERVICES = timedelta(minutes=10)
# The longest lifetime of a token for one request alone: so long it must be remembered.
LONGEST_OF_BOUND = timedelta(seconds=60)
# How far another machine's clock may be ahead of ours.
LEEWAY = timedelta(seconds=30)

SERVICE_NAME = r"^[a-z][a-z0-9_-]{0,63}$"
JTI = r"^[A-Za-z0-9._:~-]{1,128}$"

ServiceName = Annotated[str, Field(pattern=SERVICE_NAME)]
# Seconds since 1970, with or without a fraction.
NumericDate = Annotated[float, Field(ge=0, le=2**40, allow_inf_nan=False)]

Wrong = Literal["expired", "not_yet_valid", "lasts_too_long"]


class Confirmation(BaseModel):
    """The claim ``cnf`` (RFC 8705): the client certificate that has to come with the token.

    Nothing stands beside it: it might be a condition that we pass over.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    # The SHA-256 of the certificate, in base64url.
    thumbprint: Annotated[str, Field(pattern=DIGEST, alias="x5t#S256")]


class Claims(BaseModel):
    """The claims that YABOT reads; a token may have others."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    iss: Annotated[str, Field(max_length=128)]
    sub: ServiceName
    aud: str | list[str]
    iat: NumericDate
    exp: NumericDate
    nbf: NumericDate = 0
    jti: Annotated[str, Field(pattern=JTI)]
    scope: Annotated[str, Field(max_length=1000)]
    # The one request that the token is valid for; absent: for any request.
    req: Binding | None = None
    # The client certificate that must come with the token; absent: any certificate, or none.
    cnf: Confirmation | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Claims | list[str]":
        """The claims, or the names of those that are missing or wrong."""
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            return sorted({str(each["loc"][0]) for each in error.errors(include_input=False)})

    @property
    def is_for_us(self) -> bool:
        return AUDIENCE in ([self.aud] if isinstance(self.aud, str) else self.aud)

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.exp, UTC)

    def wrong_at(self, now: datetime, longest: timedelta) -> Wrong | None:
        """Why the token is not valid now; None: it is."""
        seconds, leeway = now.timestamp(), LEEWAY.total_seconds()
        if self.exp <= seconds:
            return "expired"
        if max(self.iat, self.nbf) > seconds + leeway:
            return "not_yet_valid"
        if self.exp - self.iat > longest.total_seconds():
            return "lasts_too_long"
        return None


def claims_of(
    service: str,
    scopes: frozenset[str],
    token_id: str,
    now: datetime,
    lifetime: timedelta,
    certificate: str | None = None,
) -> dict[str, Any]:
    """The claims of a token of ours, valid from ``now`` on; with ``certificate``, a thumbprint,
    only together with that client certificate.
    """
    begins = int(now.timestamp())
    confirmed = {} if certificate is None else {"cnf": {"x5t#S256": certificate}}
    return {
        **confirmed,
        "iss": ISSUER,
        "sub": service,
        "aud": AUDIENCE,
        "iat": begins,
        "nbf": begins,
        "exp": begins + int(lifetime.total_seconds()),
        "jti": token_id,
        "scope": " ".join(sorted(scopes)),
    }
