"""TLS for a server: loads its certificate files."""

import hashlib
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple


class NotUsable(Exception):
    """The files are unusable; the message is one sentence that quotes nothing of them."""


class Digests(NamedTuple):
    """Digests of the files' contents."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """``begins`` and ``ends`` are the certificate's."""

    context: ssl.SSLContext
    digests: Digests
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """PEM files: the certificate with its chain, its key, and the authorities of clients.

    With ``client_ca`` clients are asked for a certificate. A client without one gets in; one with a
    certificate that these authorities have not signed, or that is not valid now, does not.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    # Seconds within which replaced files are used.
    look_every: float = 2.0

    def digests(self) -> Digests:
        """Raises NotUsable when a file cannot be read."""
        client_ca = None if self.client_ca is None else _digest(self.client_ca)
        return Digests(_digest(self.certificate), _digest(self.key), client_ca)

    def load(self) -> Loaded:
        """Raises NotUsable, also when the files change while they are read."""
        before = self.digests()
        context = self._context()
        begins, ends = _validity(self.certificate)
        if self.digests() != before:
            raise NotUsable(f"{self.certificate}, its key or its authorities are being written")
        return Loaded(context, before, begins, ends)

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Without session tickets: a resumed session would not be asked for a certificate again.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
        try:
            # The empty passphrase keeps OpenSSL from asking at the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ValueError):
            raise NotUsable(
                f"{self.key} and {self.certificate} are not a key and its certificate: put two PEM"
                " files there that belong together, the key without a passphrase"
            ) from None
        if self.client_ca is not None:
            try:
                context.load_verify_locations(self.client_ca)
            except (OSError, ValueError):
                raise NotUsable(
                    f"{self.client_ca} holds no certificate: put a PEM file there that does"
                ) from None
            context.verify_mode = ssl.CERT_OPTIONAL
        return context


def _digest(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        raise NotUsable(f"{file} cannot be read: {error.strerror}") from None


def _validity(file: Path) -> tuple[datetime, datetime]:
    # Imported here, because it is slow and only TLS needs it.
    from cryptography import x509

    try:
        first, *_ = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        raise NotUsable(f"{file} holds no certificate that can be read") from None
    return first.not_valid_before_utc, first.not_valid_after_utc
