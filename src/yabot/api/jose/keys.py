"""Key pairs in JOSE: the base of those that sign and of those that encrypt.

Each names its curve and its algorithm, and belongs to one of the two uses of RFC 7517.
"""

import json
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Literal, Self, TypeVar, cast

from joserfc.jwk import OKPKey

from yabot.api.jose.unusable import Unusable, is_kid, reading


@dataclass(frozen=True, slots=True)
class PublicPart:
    """The public part of a key, known by its ``kid``."""

    CURVE: ClassVar[Literal["Ed25519", "X25519"]]
    ALGORITHM: ClassVar[str]
    USE: ClassVar[Literal["sig", "enc"]]

    kid: str
    # The key itself: the member ``x`` of the JWK.
    x: str
    _key: OKPKey = field(compare=False, repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a JWK or PEM. Without a ``kid`` of its own, the key is known by its thumbprint.

        Raises Unusable, for a private key as well.
        """
        key, kid = _read(text, cls)
        if key.is_private:
            raise Unusable("it is a private key, which belongs to its service alone")
        return cls(kid, _members(key)["x"], key)

    @property
    def jwk(self) -> dict[str, str]:
        """The public JWK."""
        return {**_members(self._key), "kid": self.kid, **_purpose(type(self))}

    @property
    def text(self) -> str:
        """The public JWK as JSON."""
        return json.dumps(self.jwk, sort_keys=True)


P = TypeVar("P", bound=PublicPart)


@dataclass(frozen=True, slots=True)
class PrivatePart(Generic[P]):
    PUBLIC: ClassVar[type[PublicPart]]

    kid: str
    _key: OKPKey = field(compare=False, repr=False)

    @classmethod
    def generate(cls) -> Self:
        key = OKPKey.generate_key(cls.PUBLIC.CURVE)
        return cls(key.thumbprint(), key)

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises Unusable, for a public key as well."""
        key, kid = _read(text, cls.PUBLIC)
        if not key.is_private:
            raise Unusable("it is a public key")
        return cls(kid, key)

    @property
    def public(self) -> P:
        text = json.dumps({**_members(self._key), "kid": self.kid})
        return cast("P", self.PUBLIC.read(text))

    @property
    def text(self) -> str:
        """The whole key as a JWK, in JSON: for a file that only its owner can read."""
        members = {**self._key.as_dict(private=True), "kid": self.kid, **_purpose(self.PUBLIC)}
        return json.dumps(members, sort_keys=True)


def _read(text: str, kind: type[PublicPart]) -> tuple[OKPKey, str]:
    with reading(f"it is no {kind.CURVE} key, neither as JWK nor as PEM"):
        given = json.loads(text) if text.lstrip().startswith("{") else {}
        key = OKPKey.import_key(given or text)
        if key.curve_name != kind.CURVE:
            raise Unusable(f"it is no {kind.CURVE} key")
        kid = given.get("kid", key.thumbprint())
        if not is_kid(kid):
            raise Unusable("its kid must be 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -")
        return key, kid


def _members(key: OKPKey) -> dict[str, str]:
    """The JWK members of the public part."""
    found = cast("dict[str, str]", key.as_dict(private=False))
    return {name: found[name] for name in ("kty", "crv", "x")}


def _purpose(kind: type[PublicPart]) -> dict[str, str]:
    return {"alg": kind.ALGORITHM, "use": kind.USE}
