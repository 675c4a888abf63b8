"""What a token says: who asks, for what it may ask, and from when to when that holds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from yabot.api.binding import DIGEST, Binding

# Whom our own tokens are of, and whom every token is for.
ISSUER = AUDIENCE = "yabot"
# The longest that a token of ours may hold, and that one which a service has signed itself may.
LONGEST_OF_OURS = timedelta(hours=24)
LONGEST_OF_SERVICES = timedelta(minutes=10)
# One that holds for one request alone is remembered for so long.
LONGEST_OF_BOUND = timedelta(seconds=60)
# By how much another machine's clock may be ahead of ours.
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
    """Those that YABOT reads; others may stand beside them."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    iss: Annotated[str, Field(max_length=128)]
    sub: ServiceName
    aud: str | list[str]
    iat: NumericDate
    exp: NumericDate
    nbf: NumericDate = 0
    jti: Annotated[str, Field(pattern=JTI)]
    scope: Annotated[str, Field(max_length=1000)]
    # The one request that it holds for; absent: it holds for any.
    req: Binding | None = None
    # The client certificate that it holds with; absent: it holds with any, and without.
    cnf: Confirmation | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Claims | list[str]":
        """Them, or the names of those that are missing or not what they should be."""
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
        """Why it does not hold now, if so."""
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
    """For a token of ours that holds from ``now`` on, if need be only with the certificate that
    has this thumbprint.
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
