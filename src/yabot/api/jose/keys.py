"""Keys of one curve as JOSE writes them, the base of those that sign and of those that encrypt."""

import json
from typing import Literal, cast

from joserfc.jwk import OKPKey

from yabot.api.jose.unusable import Unusable, is_kid, reading

Curve = Literal["Ed25519", "X25519"]


def read_key(text: str, curve: Curve) -> tuple[OKPKey, str]:
    """The key of a JWK or PEM, and its ``kid``: its thumbprint, unless it has one of its own.

    Raises Unusable.
    """
    with reading(f"it is no {curve} key, neither as JWK nor as PEM"):
        given = json.loads(text) if text.lstrip().startswith("{") else {}
        key = OKPKey.import_key(given or text)
        if key.curve_name != curve:
            raise Unusable(f"it is no {curve} key")
        kid = given.get("kid", key.thumbprint())
        if not is_kid(kid):
            raise Unusable("its kid must be 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -")
        return key, kid


def public_members(key: OKPKey) -> dict[str, str]:
    found = cast("dict[str, str]", key.as_dict(private=False))
    return {name: found[name] for name in ("kty", "crv", "x")}


def require_public(key: OKPKey) -> None:
    """Raises Unusable."""
    if key.is_private:
        raise Unusable("it is a private key, which belongs to its service alone")


def require_private(key: OKPKey) -> None:
    """Raises Unusable."""
    if not key.is_private:
        raise Unusable("it is a public key")
