"""Our own keys, in a folder: the private ones apart from the public ones, which everybody may see.

A key is in use from the moment that its file names until the next one is. Before that, and
afterwards, it is published for a lifetime, as long as a token may hold and a list of keys be kept:
whoever keeps what is published for a while knows every key that may be used.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from yabot.api.auth.claims import LONGEST_OF_OURS
from yabot.api.auth.key_kinds import ANSWERS, ENCRYPTION, TOKENS, K, Kind, P
from yabot.api.jose.encryption import DecryptionKey, RecipientKey
from yabot.api.jose.signing import PublicKey, SigningKey
from yabot.api.jose.unusable import Unusable
from yabot.clock import rfc3339
from yabot.errors import ConfigurationError, YabotError
from yabot.machine_limits import limit_reached
from yabot.observability.logging import get_logger
from yabot.private_files import private_file, private_folder
from yabot.runtime.lock import file_lock

log = get_logger(__name__)

T = TypeVar("T")

VARIABLE = "API_KEYS_DIR"
# Held by whoever changes the folder.
LOCK = ".lock"
# How long a key is published before it is in use, and after.
LIFETIME = LONGEST_OF_OURS


@dataclass(frozen=True, slots=True)
class OwnKey(Generic[P]):
    key: P
    used_from: datetime


def looked_again(look: Callable[[], T]) -> T:
    """What ``look`` gives, if need be the second time: keys that it has found at first may have
    been replaced by its end. Raises ConfigurationError when it is so again.
    """
    try:
        return look()
    except ConfigurationError:
        return look()


class KeyFolder(Generic[K, P]):
    """Read afresh by every method. Each raises ConfigurationError when it cannot be used.

    Of several processes that change it, one does so at a time.
    """

    def __init__(self, folder: Path, kind: Kind[K, P]) -> None:
        """``folder`` is API_KEYS_DIR."""
        self._kind = kind
        self._folder = folder / kind.folder
        self._public = self._folder / "public"
        self._private = self._folder / "private"
        self._folders = tuple(dict.fromkeys((folder, self._folder, self._public, self._private)))
        # Files of which the log has been told that they hold no key.
        self._told: set[str] = set()

    def published(self, now: datetime) -> list[OwnKey[P]]:
        """Every key that others may meet or use; the one that is used first stands first.

        A file in which no key can be read is passed over.
        """
        keys = self._kept()
        gone = sum(following.used_from <= now - LIFETIME for following in keys[1:])
        return keys[gone:]

    def current(self, now: datetime) -> K:
        """The private part of the key in use; made if there is no key at all."""
        return looked_again(lambda: self.in_use(self._kept() or [self._first(now)], now))

    def in_use(self, keys: list[OwnKey[P]], now: datetime) -> K:
        """The private part of that one of ``keys``, which are published."""
        kid = _due(keys, now)[-1].key.kid
        try:
            return self._private_part(kid)
        except (OSError, ValueError, Unusable) as error:
            unreadable = ConfigurationError(
                [
                    f"{VARIABLE}: the private part of the key in use cannot be read from "
                    f"{self._private_file(kid)}; {self._kind.mend}"
                ]
            )
            raise limit_reached(error, f"{VARIABLE} ({self._private})") or unreadable from error

    def usable(self, published: Iterable[OwnKey[P]]) -> dict[str, K]:
        """The private parts of these that are here, by kid."""
        found = {}
        for each in published:
            file = self._private_file(each.key.kid)
            try:
                found[each.key.kid] = self._private_part(each.key.kid)
            except (OSError, ValueError, Unusable):
                # Else it has been replaced meanwhile.
                if self._public_file(each.key.kid).exists():
                    self._tell(file)
        return found

    def rotate(self, now: datetime) -> OwnKey[P]:
        """Publish a key that will be used, one lifetime from now; the first one is at once.

        Gives the one that is to come already, if there is one.
        """
        with self._alone():
            keys = self._kept()
            if keys and keys[-1].used_from > now:
                return keys[-1]
            made = self._make(now + LIFETIME if keys else now)
            self._clear(now)
            return made

    def replace(self, now: datetime) -> OwnKey[P]:
        """A key that is used at once, and no other one: what the others have signed, or was
        encrypted for them, is worth nothing from now on.
        """
        with self._alone():
            former = self._kept()
            made = self._make(now)
            for each in former:
                self._remove(each.key.kid)
            return made

    def _first(self, now: datetime) -> OwnKey[P]:
        """Made, unless somebody else has done so meanwhile."""
        with self._alone():
            keys = self._kept()
            return keys[0] if keys else self._make(now)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Whoever else wants to change the folder waits until this is done."""
        for folder in self._folders:
            private_folder(folder, VARIABLE, "private")
        try:
            with file_lock(self._folder / LOCK, wait=True):
                yield
        except OSError as error:
            raise _unusable(Path(error.filename or self._folder), error) from error

    def _kept(self) -> list[OwnKey[P]]:
        """All that there are, in the order in which they are used."""
        found = [key for file in self._files() if (key := self._read(file)) is not None]
        return sorted(found, key=lambda each: (each.used_from, each.key.kid))

    def _files(self) -> list[Path]:
        try:
            if not self._public.exists():
                return []
            for folder in self._folders:
                if folder != self._private:
                    private_folder(folder, VARIABLE, "private")
            # It raises what a glob would pass over.
            files = list(self._public.iterdir())
        except OSError as error:
            raise _unusable(self._public, error) from error
        return [file for file in files if file.suffix == ".json"]

    def _read(self, file: Path) -> OwnKey[P] | None:
        try:
            text = file.read_text(encoding="ascii")
            named = json.loads(text)[self._kind.used_from]
            used_from = datetime.fromisoformat(named).astimezone(UTC)
            return OwnKey(self._kind.public.read(text), used_from)
        except FileNotFoundError:  # it has gone meanwhile
            return None
        except (OSError, ValueError, OverflowError, KeyError, TypeError, Unusable):
            self._tell(file)
            return None

    def _private_part(self, kid: str) -> K:
        """Raises OSError, ValueError, Unusable, and ConfigurationError."""
        file = self._private_file(kid)
        private_file(file, VARIABLE)
        return self._kind.private.read(file.read_text(encoding="ascii"))

    def _tell(self, file: Path) -> None:
        """Once: it is looked at every few seconds."""
        name = str(file.relative_to(self._folder))
        if name not in self._told:
            self._told.add(name)
            log.warning("auth.key_unreadable", keys=self._kind.folder or "tokens", file=name)

    def _make(self, used_from: datetime) -> OwnKey[P]:
        key = self._kind.private.generate()
        about = {**key.public.jwk, self._kind.used_from: rfc3339(used_from)}
        # It is not published before it can be used.
        _write(self._private_file(key.kid), key.text)
        _write(self._public_file(key.kid), json.dumps(about, indent=2))
        return OwnKey(key.public, used_from)

    def _clear(self, now: datetime) -> None:
        """What nobody needs any more: private parts of keys that have ceased, and old keys."""
        published = {each.key.kid for each in self.published(now)}
        for each in _due(self._kept(), now)[:-1]:
            if each.key.kid not in published:
                self._remove(each.key.kid)
            elif not self._kind.lasts:
                self._private_file(each.key.kid).unlink(missing_ok=True)

    def _remove(self, kid: str) -> None:
        self._public_file(kid).unlink(missing_ok=True)
        self._private_file(kid).unlink(missing_ok=True)

    def _private_file(self, kid: str) -> Path:
        return self._private / f"{kid}.json"

    def _public_file(self, kid: str) -> Path:
        return self._public / f"{kid}.json"


SigningKeys: TypeAlias = KeyFolder[SigningKey, PublicKey]
DecryptionKeys: TypeAlias = KeyFolder[DecryptionKey, RecipientKey]


def token_keys(folder: Path) -> SigningKeys:
    """Those that sign tokens of our own. As below, ``folder`` is API_KEYS_DIR."""
    return KeyFolder(folder, TOKENS)


def encryption_keys(folder: Path) -> DecryptionKeys:
    """Those that services encrypt requests for."""
    return KeyFolder(folder, ENCRYPTION)


def answer_keys(folder: Path) -> SigningKeys:
    """Those that sign the answers to such requests."""
    return KeyFolder(folder, ANSWERS)


def offered(published: list[OwnKey[P]], now: datetime) -> list[OwnKey[P]]:
    """The same; the one in use stands first, and those that were stand last."""
    past = len(_due(published, now)[:-1])
    return [*published[past:], *reversed(published[:past])]


def _due(keys: list[OwnKey[P]], now: datetime) -> list[OwnKey[P]]:
    """Of ``keys``, those that have been used until now; the last one is still."""
    return [each for each in keys if each.used_from <= now] or keys[:1]


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


def _unusable(path: Path, error: OSError) -> YabotError:
    refused = ConfigurationError([f"{VARIABLE}: {path} cannot be used: {error.strerror}"])
    return limit_reached(error, f"{VARIABLE} ({path})") or refused
