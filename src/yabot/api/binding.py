"""The request that a token is bound to, if it is valid for one request alone."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

DIGEST = r"^[A-Za-z0-9_-]{43}$"
# Names of headers as in RFC 9110. Values are printable ASCII, like all that YABOT reads.
HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"
HEADER_VALUE = r"^[\x20-\x7e]{0,2000}$"

HeaderName = Annotated[str, Field(pattern=HEADER_NAME)]
HeaderValue = Annotated[str, Field(pattern=HEADER_VALUE)]

# Headers that say how a message travels, or what its body is, which is signed itself.
NOT_SIGNED = frozenset(
    {
        *("authorization", "connection", "content-encoding", "content-length", "content-type"),
        *("expect", "host", "transfer-encoding"),
    }
)


class Binding(BaseModel):
    """The claim ``req``. Other members are refused: they might be conditions that we ignore."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    method: Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")]
    # Path and query string.
    target: Annotated[str, Field(pattern=r"^/[\x21-\x7e]*$")]
    # The SHA-256 of the body's octets as they are sent, in base64url.
    body: Annotated[str, Field(pattern=DIGEST)]
    # All headers that the handler is to see.
    headers: dict[HeaderName, HeaderValue]

    @field_validator("headers")
    @classmethod
    def _are_for_handlers(cls, headers: dict[str, str]) -> dict[str, str]:
        names = {name.lower() for name in headers}
        if len(names) < len(headers) or names & NOT_SIGNED:
            raise ValueError("a header twice, or one that is not for handlers")
        return headers

    def is_of(self, scope: Mapping[str, Any]) -> bool:
        """Whether method and target are the request's: those are known before the body has come."""
        query: bytes = scope["query_string"]
        sent: bytes = scope["raw_path"] + (b"?" + query if query else b"")
        return self.method == scope["method"] and self.target.encode() == sent

    def is_of_body(self, content: bytes) -> bool:
        return self.body == digest_of(content)


def digest_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
