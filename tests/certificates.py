"""Certificates as a test needs them: of any authority, for any names, at any time."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# What a server on this machine is called.
LOCAL = ("localhost", "127.0.0.1", "::1")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Leaf:
    """A certificate with its key, for a server and a client alike."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pem(self) -> bytes:
        """Both in one, as MongoDB and PyMongo want it."""
        return self.key_pem + self.certificate_pem

    @property
    def sha256(self) -> bytes:
        return sha256(self.certificate.public_bytes(Encoding.DER)).digest()

    def write(self, directory: Path) -> tuple[Path, Path]:
        """``server.crt`` and ``server.key``, and both as ``server.pem``."""
        directory.mkdir(parents=True, exist_ok=True)
        certificate = put(directory / "server.crt", self.certificate_pem)
        put(directory / "server.pem", self.pem)
        return certificate, put(directory / "server.key", self.key_pem)


@dataclass(frozen=True)
class Authority:
    """Signs certificates; ``called`` tells it from others."""

    called: str = "ours"

    @cached_property
    def _key(self) -> EllipticCurvePrivateKey:
        return generate_private_key(SECP256R1())

    @cached_property
    def certificate(self) -> x509.Certificate:
        name = _common_name(self.called)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        usage = _usage(key_cert_sign=True, crl_sign=True)
        return (
            _builder(name, name, self._key, datetime.now(UTC) - _DAY, datetime.now(UTC) + 30 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(identifier, critical=False)
            .sign(self._key, SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def write(self, file: Path) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        return put(file, self.pem)

    def leaf(
        self,
        *names: str,
        common_name: str = "leaf",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Leaf:
        """For ``names``, DNS names and addresses; without any, for ``LOCAL``. It holds from
        yesterday until tomorrow, unless told otherwise.
        """
        key = generate_private_key(SECP256R1())
        now = datetime.now(UTC)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        certificate = (
            _builder(
                _common_name(common_name),
                _common_name(self.called),
                key,
                not_before or now - _DAY,
                not_after or now + _DAY,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(signer, critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_name(name) for name in names or LOCAL]),
                critical=False,
            )
            .sign(self._key, SHA256())
        )
        return Leaf(certificate, key)

    def expired(self, *names: str) -> Leaf:
        """One that has held until yesterday."""
        now = datetime.now(UTC)
        return self.leaf(*names, not_before=now - 3 * _DAY, not_after=now - _DAY)

    def trusted(self, leaf: Leaf | None = None, directory: Path | None = None) -> ssl.SSLContext:
        """For a client that trusts this authority; shows ``leaf``, by way of files in
        ``directory``.
        """
        context = ssl.create_default_context(cadata=self.pem.decode())
        if leaf is not None:
            assert directory is not None
            context.load_cert_chain(*leaf.write(directory))
        return context


def put(file: Path, content: bytes) -> Path:
    """At once, as certbot and Kubernetes do it: nobody reads half of it."""
    new = file.with_name(f"{file.name}.new")
    new.touch(mode=0o600)
    new.write_bytes(content)
    return new.replace(file)


def _common_name(called: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
