"""Our own keys, in a folder: the private ones apart from the public ones, which everybody may see.

A key signs from the moment that its file names until the next one does. Before that, and
afterwards, it is published for as long as a token may hold: whoever keeps what is published for a
while knows every key that a token in use may be signed with.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from yabot.api.auth.claims import LONGEST_OF_OURS
from yabot.api.jose.signing import PublicKey, SigningKey
from yabot.api.jose.unusable import Unusable
from yabot.clock import rfc3339
from yabot.errors import ConfigurationError
from yabot.observability.logging import get_logger
from yabot.private import private_file, private_folder

log = get_logger(__name__)

VARIABLE = "API_KEYS_DIR"
# How long a key is published before it signs, and after.
LIFETIME = LONGEST_OF_OURS


@dataclass(frozen=True, slots=True)
class OwnKey:
    key: PublicKey
    signs_from: datetime


class KeyFolder:
    """Read afresh by every method. Each raises ConfigurationError when it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._public = folder / "public"
        self._private = folder / "private"
        # Files of which the log has been told that they hold no key.
        self._told: set[str] = set()

    def published(self, now: datetime) -> list[OwnKey]:
        """Every key that a token may be signed with; the one that signs first stands first.

        A file in which no key can be read is passed over.
        """
        keys = self._kept()
        gone = sum(following.signs_from <= now - LIFETIME for following in keys[1:])
        return keys[gone:]

    def signing(self, now: datetime) -> SigningKey:
        """The private key that signs now; made if there is no key at all."""
        keys = self._kept() or [self._make(now)]
        kid = _due(keys, now)[-1].key.kid
        try:
            private_file(self._private_file(kid), VARIABLE)
            return SigningKey.read(self._private_file(kid).read_text(encoding="ascii"))
        except (OSError, ValueError, Unusable) as error:
            raise ConfigurationError(
                [
                    f"{VARIABLE}: the private part of the key that signs now cannot be read from "
                    f"{self._private_file(kid)}; issue tokens where it is, or make another key "
                    "with `yabot token rotate --at-once`"
                ]
            ) from error

    def rotate(self, now: datetime) -> OwnKey:
        """Publish a key that will sign, one lifetime from now; the first one does at once.

        Gives the one that is to come already, if there is one.
        """
        keys = self._kept()
        if keys and keys[-1].signs_from > now:
            return keys[-1]
        made = self._make(now + LIFETIME if keys else now)
        self._clear(now)
        return made

    def replace(self, now: datetime) -> OwnKey:
        """A key that signs at once, and no other one: what the others have signed is worth nothing
        from now on.
        """
        former = self._kept()
        made = self._make(now)
        for each in former:
            self._remove(each.key.kid)
        return made

    def _kept(self) -> list[OwnKey]:
        """All that there are, in the order in which they sign."""
        found = [key for file in self._files() if (key := self._read(file)) is not None]
        return sorted(found, key=lambda each: (each.signs_from, each.key.kid))

    def _files(self) -> list[Path]:
        try:
            if not self._public.exists():
                return []
            for folder in (self._folder, self._public):
                private_folder(folder, VARIABLE, "private")
            # It raises what a glob would pass over.
            files = list(self._public.iterdir())
        except OSError as error:
            raise _unusable(self._public, error) from error
        return [file for file in files if file.suffix == ".json"]

    def _read(self, file: Path) -> OwnKey | None:
        try:
            text = file.read_text(encoding="ascii")
            signs_from = datetime.fromisoformat(json.loads(text)["signs_from"]).astimezone(UTC)
            return OwnKey(PublicKey.read(text), signs_from)
        except FileNotFoundError:  # it has gone meanwhile
            return None
        except (OSError, ValueError, OverflowError, KeyError, TypeError, Unusable):
            if file.name not in self._told:
                self._told.add(file.name)
                log.warning("auth.key_unreadable", file=file.name)
            return None

    def _make(self, signs_from: datetime) -> OwnKey:
        key = SigningKey.generate()
        about = {**key.public.jwk, "signs_from": rfc3339(signs_from)}
        for folder in (self._folder, self._public, self._private):
            private_folder(folder, VARIABLE, "private")
        # It is not published before it can sign.
        _write(self._private_file(key.kid), key.text)
        _write(self._public_file(key.kid), json.dumps(about, indent=2))
        return OwnKey(key.public, signs_from)

    def _clear(self, now: datetime) -> None:
        """What nobody needs any more: private parts of keys that have ceased, and old keys."""
        published = {each.key.kid for each in self.published(now)}
        for each in _due(self._kept(), now)[:-1]:
            self._private_file(each.key.kid).unlink(missing_ok=True)
            if each.key.kid not in published:
                self._remove(each.key.kid)

    def _remove(self, kid: str) -> None:
        self._public_file(kid).unlink(missing_ok=True)
        self._private_file(kid).unlink(missing_ok=True)

    def _private_file(self, kid: str) -> Path:
        return self._private / f"{kid}.json"

    def _public_file(self, kid: str) -> Path:
        return self._public / f"{kid}.json"


def _due(keys: list[OwnKey], now: datetime) -> list[OwnKey]:
    """Of ``keys``, those that have signed until now; the last one does still."""
    return [each for each in keys if each.signs_from <= now] or keys[:1]


def _write(file: Path, text: str) -> None:
    """Whole or not at all, and nobody else's to read."""
    new = file.with_suffix(".new")
    try:
        with suppress(FileNotFoundError):
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(text)
        new.replace(file)
    except OSError as error:
        raise _unusable(file, error) from error


def _unusable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError([f"{VARIABLE}: {path} cannot be used: {error.strerror}"])
