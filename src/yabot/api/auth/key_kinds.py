"""The kinds of our own keys: for tokens, for bodies encrypted to us, and for answers to those."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from yabot.api.jose.encryption import DecryptionKey, RecipientKey
from yabot.api.jose.keys import PrivatePart, PublicPart
from yabot.api.jose.signing import PublicKey, SigningKey

P = TypeVar("P", bound=PublicPart)
K = TypeVar("K", bound=PrivatePart[Any])


@dataclass(frozen=True, slots=True)
class Kind(Generic[K, P]):
    # The kind's folder within API_KEYS_DIR.
    folder: str
    private: type[K]
    public: type[P]
    # The name, in the file of a public part, of the moment from which on the key is in use.
    used_from: str
    # Whether the private part is needed as long as the key is published, and not only while it is
    # in use: because others choose the key, perhaps from an older list.
    lasts: bool
    # What an operator can do when the private part of the key in use is missing.
    mend: str


_MEND = "copy it there, or make other keys with `yabot service keys --rotate --at-once`"

TOKENS = Kind(
    folder="",
    private=SigningKey,
    public=PublicKey,
    used_from="signs_from",
    lasts=False,
    mend="issue tokens where it is, or make another key with `yabot token rotate --at-once`",
)
ENCRYPTION = Kind(
    folder="encryption",
    private=DecryptionKey,
    public=RecipientKey,
    used_from="used_from",
    lasts=True,
    mend=_MEND,
)
ANSWERS = Kind(
    folder="answers",
    private=SigningKey,
    public=PublicKey,
    used_from="signs_from",
    lasts=False,
    mend=_MEND,
)
