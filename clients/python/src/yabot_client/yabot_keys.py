"""YABOT's keys for encrypted bodies: given once, and then as YABOT rotates them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from yabot_client.clock import Clock, YabotsTime
from yabot_client.jose import PublicKey, Unusable, verified
from yabot_client.kept import Kept
from yabot_client.requests import USER_AGENT
from yabot_client.wire import HttpRequest, HttpResponse, Steps

PATH = "/.well-known/yabot-keys"
TYP = "yabot-keys+jwt"
# Seconds.
REFRESHED_EVERY = 3600.0
CLOCKS_DIFFER = 60.0
TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class KeySet:
    """What `yabot service keys` prints, and YABOT publishes."""

    # The first one encrypts.
    encrypt_to: PublicKey
    # By kid.
    answers: Mapping[str, PublicKey]

    @classmethod
    def read(cls, text: str) -> "KeySet":
        """Of a JWK set. Raises Unusable."""
        try:
            keys = json.loads(text)["keys"]
        except (ValueError, KeyError, TypeError):
            raise Unusable("it is no JWK set") from None
        return cls.of(keys)

    @classmethod
    def of(cls, keys: object) -> "KeySet":
        """Raises Unusable."""
        if not isinstance(keys, list) or not all(isinstance(each, dict) for each in keys):
            raise Unusable("it is no JWK set")
        to = [PublicKey.read(each, "X25519") for each in keys if each.get("use") == "enc"]
        answers = [PublicKey.read(each, "Ed25519") for each in keys if each.get("use") == "sig"]
        if not to or not answers:
            raise Unusable("it needs a key with use enc, and one with use sig")
        return cls(to[0], {each.kid: each for each in answers})


class YabotKeys:
    def __init__(
        self, given: Kept[KeySet], base: httpx.URL, clock: Clock, yabots_time: YabotsTime
    ) -> None:
        self._given = given
        self._url = base.copy_with(raw_path=PATH.encode())
        self._clock = clock
        self._yabots_time = yabots_time
        self._began_with = given.get()
        self._known = self._began_with
        # When the list that we know was made.
        self._issued_at = 0.0
        self._refresh_at = clock.monotonic() + REFRESHED_EVERY

    @property
    def now(self) -> KeySet:
        if (given := self._given.get()) is not self._began_with:
            # Whoever brings another file means that one.
            self._began_with = self._known = given
            self._issued_at = 0.0
        return self._known

    @property
    def is_due(self) -> bool:
        return self._clock.monotonic() >= self._refresh_at

    def refresh(self) -> Steps[bool]:
        """Ask YABOT for its keys: whether there are others now."""
        # At once, so that others do not ask as well.
        self._refresh_at = self._clock.monotonic() + REFRESHED_EVERY
        headers = {"Accept-Encoding": "identity", "User-Agent": USER_AGENT}
        reply = yield HttpRequest("GET", self._url, headers, b"", TIMEOUT)
        if not isinstance(reply, HttpResponse) or reply.status != 200:
            return False
        try:
            return self._take(reply.content)
        except Unusable:
            return False

    def _take(self, text: bytes) -> bool:
        """Raises Unusable for what no key that we know has signed, and what is too old."""
        known = self.now
        claims = verified(text, TYP, known.answers.get)
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise Unusable("it does not say when it was made and ends")
        now = self._yabots_time.now()
        # An older list than the one that we know may hold a key that has been given up since.
        if claims.get("iss") != "yabot" or not self._issued_at <= issued <= now + CLOCKS_DIFFER:
            raise Unusable("it is not YABOT's newest")
        if expires <= now - CLOCKS_DIFFER:
            raise Unusable("it has expired")
        self._known, self._issued_at = KeySet.of(claims.get("keys")), issued
        return self._known != known
