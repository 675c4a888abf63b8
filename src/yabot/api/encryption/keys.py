"""YABOT's own keys for encrypted bodies, as needed to read requests and to answer them."""

from typing import Protocol

from yabot.api.jose.encryption import DecryptionKey
from yabot.api.jose.signing import SigningKey


class EncryptionKeys(Protocol):
    """The keys that the process knows now. It is asked for each request, so it never waits."""

    def decrypting(self, kid: str) -> DecryptionKey | None:
        """The key with this ``kid``, as long as requests may still name it."""
        ...

    @property
    def answering(self) -> SigningKey:
        """The key that signs answers. Raises Refused while there is none."""
        ...
