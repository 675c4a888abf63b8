"""Our own keys in a folder, with private parts apart from public parts, which all may see.

A key is in use from the moment that its file names until the next key is. It is published for one
lifetime before and one after that. A lifetime is as long as a token may be valid and a list of keys
be kept, so a list that was kept so long still has every key that may be used.
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
# The lock file that a process holds while it changes the folder.
LOCK = ".lock"
# How long a key is published before it is in use, and after that.
LIFETIME = LONGEST_OF_OURS


@dataclass(frozen=True, slots=True)
class OwnKey(Generic[P]):
    key: P
    used_from: datetime


def looked_again(look: Callable[[], T]) -> T:
    """What ``look`` gives, at the second try if need be: keys may be replaced between its steps.
    Raises ConfigurationError if the second try fails, too.
    """
    try:
        return look()
    except ConfigurationError:
        return look()


class KeyFolder(Generic[K, P]):
    """Every method reads the folder anew, and raises ConfigurationError if it cannot be used.

    One process at a time changes the folder.
    """

    def __init__(self, folder: Path, kind: Kind[K, P]) -> None:
        """``folder`` is API_KEYS_DIR."""
        self._kind = kind
        self._folder = folder / kind.folder
        self._public = self._folder / "public"
        self._private = self._folder / "private"
        self._folders = tuple(dict.fromkeys((folder, self._folder, self._public, self._private)))
        # Files that the log already says hold no key.
        self._told: set[str] = set()

    def published(self, now: datetime) -> list[OwnKey[P]]:
        """Every key that others may meet or use, in the order in which the keys are used.

        A file in which no key can be read is passed over.
        """
        keys = self._kept()
        gone = sum(following.used_from <= now - LIFETIME for following in keys[1:])
        return keys[gone:]

    def current(self, now: datetime) -> K:
        """The private part of the key in use; made if there is no key at all."""
        return looked_again(lambda: self.in_use(self._kept() or [self._first(now)], now))

    def in_use(self, keys: list[OwnKey[P]], now: datetime) -> K:
        """The private part of the key in use among ``keys``, which are published."""
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
        """By kid, the private parts of those of these keys that are here."""
        found = {}
        for each in published:
            file = self._private_file(each.key.kid)
            try:
                found[each.key.kid] = self._private_part(each.key.kid)
            except (OSError, ValueError, Unusable):
                # If the public part is gone, too, the key has been replaced meanwhile.
                if self._public_file(each.key.kid).exists():
                    self._tell(file)
        return found

    def rotate(self, now: datetime) -> OwnKey[P]:
        """Publish a key that is used one lifetime from now, or at once if it is the first. If a key
        is waiting to be used already, give that one.
        """
        with self._alone():
            keys = self._kept()
            if keys and keys[-1].used_from > now:
                return keys[-1]
            made = self._make(now + LIFETIME if keys else now)
            self._clear(now)
            return made

    def replace(self, now: datetime) -> OwnKey[P]:
        """Make a key that is used at once, and remove all others: what they have signed, or was
        encrypted for them, is invalid from now on.
        """
        with self._alone():
            former = self._kept()
            made = self._make(now)
            for each in former:
                self._remove(each.key.kid)
            return made

    def _first(self, now: datetime) -> OwnKey[P]:
        """Make the first key, unless another process has done so meanwhile."""
        with self._alone():
            keys = self._kept()
            return keys[0] if keys else self._make(now)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder's lock: other processes that want to change it wait."""
        for folder in self._folders:
            private_folder(folder, VARIABLE, "private")
        try:
            with file_lock(self._folder / LOCK, wait=True):
                yield
        except OSError as error:
            raise _unusable(Path(error.filename or self._folder), error) from error

    def _kept(self) -> list[OwnKey[P]]:
        """All keys in the folder, in the order in which they are used."""
        found = [key for file in self._files() if (key := self._read(file)) is not None]
        return sorted(found, key=lambda each: (each.used_from, each.key.kid))

    def _files(self) -> list[Path]:
        try:
            if not self._public.exists():
                return []
            for folder in self._folders:
                if folder != self._private:
                    private_folder(folder, VARIABLE, "private")
            # ``iterdir`` raises errors that a glob would ignore.
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
        """Log it once: the file is read every few seconds."""
        name = str(file.relative_to(self._folder))
        if name not in self._told:
            self._told.add(name)
            log.warning("auth.key_unreadable", keys=self._kind.folder or "tokens", file=name)

    def _make(self, used_from: datetime) -> OwnKey[P]:
        key = self._kind.private.generate()
        about = {**key.public.jwk, self._kind.used_from: rfc3339(used_from)}
        # The private part first: a published key must be usable.
        _write(self._private_file(key.kid), key.text)
        _write(self._public_file(key.kid), json.dumps(about, indent=2))
        return OwnKey(key.public, used_from)

    def _clear(self, now: datetime) -> None:
        """Remove what nobody needs any more: private parts of former keys, and old keys."""
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
    """The keys that sign our own tokens. Here and below, ``folder`` is API_KEYS_DIR."""
    return KeyFolder(folder, TOKENS)


def encryption_keys(folder: Path) -> DecryptionKeys:
    """The keys that services encrypt requests to."""
    return KeyFolder(folder, ENCRYPTION)


def answer_keys(folder: Path) -> SigningKeys:
    """The keys that sign the answers to such requests."""
    return KeyFolder(folder, ANSWERS)


def offered(published: list[OwnKey[P]], now: datetime) -> list[OwnKey[P]]:
    """The same keys, but first the one in use, then later ones, and last those that were in use."""
    past = len(_due(published, now)[:-1])
    return [*published[past:], *reversed(published[:past])]


def _due(keys: list[OwnKey[P]], now: datetime) -> list[OwnKey[P]]:
    """Those of ``keys`` that are or were in use; the last of them is in use now."""
    return [each for each in keys if each.used_from <= now] or keys[:1]


def _write(file: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner alone."""
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
