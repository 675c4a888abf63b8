"""YABOT's own keys for encrypted bodies, as those see them who read requests and answer them."""

from typing import Protocol

from yabot.api.jose.encryption import DecryptionKey
from yabot.api.jose.signing import SigningKey


class EncryptionKeys(Protocol):
    """What the process knows of them now: asked for each request, so nothing is waited for."""

    def decrypting(self, kid: str) -> DecryptionKey | None:
        """The one that services know by ``kid``, as long as requests may still name it."""
        ...

    @property
    def answering(self) -> SigningKey:
        """The one that signs answers. Raises Refused while there is none."""
        ...
