"""Checks the TLS files that a store's address names: whether they exist, and their content."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yabot.settings.base import Problem


@dataclass(frozen=True, slots=True)
class Named:
    """A file or folder, and the option that names it."""

    option: str
    path: Path

    def __str__(self) -> str:
        return f"{self.path}, its {self.option},"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """All files that the address in ``variable`` names; the certificate's may have the key."""

    variable: str
    authorities: Named | None = None
    revoked: Named | None = None
    certificate: Named | None = None
    key: Named | None = None
    password: str = ""

    @property
    def named(self) -> list[Named]:
        every = (self.authorities, self.revoked, self.certificate, self.key)
        return [each for each in every if each is not None]

    @property
    def paths(self) -> list[Path]:
        return [each.path for each in self.named]

    def key_files(self) -> Iterator[tuple[str, Path]]:
        if key := self.key or self.certificate:
            yield self.variable, key.path

    def problems(self) -> Iterator[Problem]:
        """A problem for each file that cannot be read, or has the wrong content."""
        missing = [*self._unreadable()]
        yield from missing or self._unusable()

    def _unreadable(self) -> Iterator[Problem]:
        for each in self.named:
            try:
                # A folder has authorities, or lists of revoked certificates.
                _ = [*each.path.iterdir()] if each.path.is_dir() else each.path.read_bytes()
            except OSError as error:
                reason = (error.strerror or "").lower()
                mend = "name a file that is there and that this user may read"
                yield Problem(self.variable, f"{each} cannot be read: {reason}", mend)

    def _unusable(self) -> Iterator[Problem]:
        if self.authorities and not _holds(self.authorities.path, "x509"):
            mend = "name a PEM file with the certificate of the authority to believe"
            yield Problem(self.variable, f"{self.authorities} holds no certificate", mend)
        if self.revoked and not _holds(self.revoked.path, "crl"):
            mend = "name a PEM file with a list of revoked certificates"
            yield Problem(self.variable, f"{self.revoked} holds no such list", mend)
        if self.certificate and (wrong := self._wrong_pair(self.certificate)):
            mend = "name PEM files with a certificate of ours and its key"
            yield Problem(self.variable, wrong, mend)

    def _wrong_pair(self, certificate: Named) -> str | None:
        key = self.key.path if self.key else None
        if key and not key.read_bytes().startswith(b"-----"):
            return None  # in a form of its own, which PostgreSQL's client knows
        try:
            # A passphrase, even an empty one, keeps OpenSSL from asking for one at the terminal.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_cert_chain(certificate.path, key, self.password)
        except (OSError, ValueError) as error:
            if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
                return f"{certificate} is not the certificate of the key beside it"
            of_key = f", with {self.key}" if self.key else ""
            return f"{certificate} holds no certificate with a key that can be read{of_key}"
        return None


def _holds(path: Path, kind: str) -> bool:
    """Whether a file has certificates (``x509``) or revocation lists (``crl``)."""
    if path.is_dir():
        return True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError):
        return False
    return context.cert_store_stats()[kind] > 0
