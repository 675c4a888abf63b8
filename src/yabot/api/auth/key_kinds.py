"""What our own keys are for: tokens, bodies encrypted for us, and answers to those."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from yabot.api.jose.encryption import DecryptionKey, RecipientKey
from yabot.api.jose.keys import PrivatePart, PublicPart
from yabot.api.jose.signing import PublicKey, SigningKey

P = TypeVar("P", bound=PublicPart)
K = TypeVar("K", bound=PrivatePart[Any])


@dataclass(frozen=True, slots=True)
class Kind(Generic[K, P]):
    # Within API_KEYS_DIR.
    folder: str
    private: type[K]
    public: type[P]
    # What the file of a public part calls the moment from which on the key is in use.
    used_from: str
    # Whether its private part is needed as long as it is published, and not only while it is in
    # use: others use it, and keep to an older list for a while.
    lasts: bool
    # What a person can do who lacks the private part of the key in use.
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
