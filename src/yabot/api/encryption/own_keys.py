"""YABOT's own keys for encrypted bodies: what this process knows, and the list for services."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from yabot.api.answering.problems import STORE_UNAVAILABLE, Refused
from yabot.api.auth.claims import ISSUER
from yabot.api.auth.keys import (
    LIFETIME,
    VARIABLE,
    OwnKey,
    answer_keys,
    encryption_keys,
    looked_again,
    offered,
)
from yabot.api.jose.encryption import DecryptionKey, RecipientKey
from yabot.api.jose.signing import PublicKey, SigningKey
from yabot.clock import utc_now
from yabot.errors import ConfigurationError

# The ``typ`` of the signed list of public keys.
TYP: Final = "yabot-keys+jwt"
# How long the list is valid: as long as a key is in it before it is used, and after that.
LIST_HOLDS: Final[timedelta] = LIFETIME


@dataclass(frozen=True, slots=True)
class _Known:
    # By kid.
    decrypting: Mapping[str, DecryptionKey] = field(default_factory=dict)
    answering: SigningKey | None = None
    # The list, signed.
    published: str = ""


class OwnKeys:
    """While the folder cannot be read, or has no keys, the keys that were known last are kept."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is API_KEYS_DIR."""
        self._encryption = encryption_keys(folder)
        self._answers = answer_keys(folder)
        self._known = _Known()

    def make(self) -> None:
        """Make keys if there are none. Raises ConfigurationError."""
        now = utc_now()
        self._encryption.current(now)
        self._answers.current(now)

    def rotate(self, *, at_once: bool) -> tuple[OwnKey[RecipientKey], OwnKey[PublicKey]]:
        """Make a new key to encrypt to, and one to sign answers with. Raises ConfigurationError."""
        now = utc_now()
        if at_once:
            return self._encryption.replace(now), self._answers.replace(now)
        return self._encryption.rotate(now), self._answers.rotate(now)

    def public(self) -> list[dict[str, str]]:
        """All public keys as JWK, for each use the one in use first. Raises ConfigurationError."""
        now = utc_now()
        return _listed(self._encryption.published(now), self._answers.published(now), now)

    async def look(self) -> None:
        """Raises ConfigurationError."""
        now = utc_now()
        self._known = await asyncio.to_thread(looked_again, lambda: self._look(now))

    def decrypting(self, kid: str) -> DecryptionKey | None:
        return self._known.decrypting.get(kid)

    @property
    def answering(self) -> SigningKey:
        """Raises Refused while no key has been found."""
        if self._known.answering is None:
            raise _none_yet()
        return self._known.answering

    @property
    def published(self) -> str:
        """A compact JWS of all public parts. Raises Refused as above."""
        if not self._known.published:
            raise _none_yet()
        return self._known.published

    def _look(self, now: datetime) -> _Known:
        """Read each folder once, so that every key in the list is one that can be used."""
        encryption, answers = self._encryption.published(now), self._answers.published(now)
        if not (encryption and answers):
            return self._without_keys()
        # Raises if the private part of the key in use is missing: services encrypt to that key.
        self._encryption.in_use(encryption, now)
        answering = self._answers.in_use(answers, now)
        claims = _claims(_listed(encryption, answers, now), now)
        return _Known(self._encryption.usable(encryption), answering, answering.sign(claims, TYP))

    def _without_keys(self) -> _Known:
        if self._known.answering is not None:
            raise ConfigurationError(
                [
                    f"{VARIABLE}: the keys for encrypted bodies have gone; bring them back, or "
                    "make others with `yabot service keys`"
                ]
            )
        return self._known


def _listed(
    encryption: list[OwnKey[RecipientKey]], answers: list[OwnKey[PublicKey]], now: datetime
) -> list[dict[str, str]]:
    to_encrypt = [each.key.jwk for each in offered(encryption, now)]
    return to_encrypt + [each.key.jwk for each in offered(answers, now)]


def _claims(keys: list[dict[str, str]], now: datetime) -> dict[str, Any]:
    issued = int(now.timestamp())
    expires = issued + int(LIST_HOLDS.total_seconds())
    return {"iss": ISSUER, "iat": issued, "exp": expires, "keys": keys}


def _none_yet() -> Refused:
    return STORE_UNAVAILABLE.refuse(
        "This process has found no keys for encrypted bodies; make them with `yabot service keys`.",
        Retry_After="1",
    )
