"""Where the internal API listens."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from yabot.settings.base import Problem, Section, variable
from yabot.settings.key_files import holds_key
from yabot.settings.network import is_loopback
from yabot.settings.values import (
    NETWORKS,
    PORT,
    CreatableDirectory,
    Networks,
    Port,
    ReadableFile,
)


class ApiSettings(Section):
    host: str = variable(
        "API_HOST",
        "127.0.0.1",
        about="The address that the API binds.",
        value="an address of this machine, 0.0.0.0 for all",
    )
    port: Port = variable("API_PORT", 8080, about="The port that the API binds.", value=PORT)
    health_port: Port = variable(
        "HEALTH_PORT",
        8082,
        about="Where a process without the role api tells its health and metrics, on API_HOST.",
        value=PORT,
        default_text="8082, or the next port that is free",
    )
    tls_cert_file: ReadableFile | None = variable(
        "API_TLS_CERT_FILE",
        None,
        about="The API's certificate, with its chain. With it the API speaks HTTPS.",
        value="the path of a readable PEM file",
    )
    tls_key_file: ReadableFile | None = variable(
        "API_TLS_KEY_FILE",
        None,
        about="The private key of API_TLS_CERT_FILE.",
        value="the path of a readable PEM file, without a passphrase",
    )
    tls_client_ca_file: ReadableFile | None = variable(
        "API_TLS_CLIENT_CA_FILE",
        None,
        about="Who signs clients' certificates. With it /api/v1 needs one, and nothing else does.",
        value="the path of a readable PEM file",
    )
    trusted_proxies: Networks = variable(
        "API_TRUSTED_PROXIES",
        (),
        about="The proxies in front of the API whose X-Forwarded-For is believed. Empty: none.",
        value=NETWORKS,
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = variable(
        "API_REQUESTS_PER_MINUTE",
        6000,
        about="How many requests of one service are answered a minute, by all processes together.",
        value="a whole number from 1 to 10000000",
    )
    keys_dir: CreatableDirectory = variable(
        "API_KEYS_DIR",
        Path(".yabot/keys"),
        about="The API's own keys: those that sign tokens, and those for encrypted bodies.",
        value="the path of a directory that exists or can be created",
        default_text="keys in YABOT_DATA_DIR",
    )

    def conflicts(self) -> Iterator[Problem]:
        cert, key = (
            ("API_TLS_CERT_FILE", self.tls_cert_file),
            ("API_TLS_KEY_FILE", self.tls_key_file),
        )
        for (name, path), (other, other_path) in ((cert, key), (key, cert)):
            if other_path and not path:
                yield Problem(name, f"it is missing, and {other} needs it", "set both", (other,))
        if self.tls_cert_file and self.tls_key_file:
            yield from _mismatch(self.tls_cert_file, self.tls_key_file)
        if self.tls_client_ca_file and not self.tls_cert_file:
            yield Problem(
                "API_TLS_CLIENT_CA_FILE",
                "clients can show a certificate only over TLS",
                "set API_TLS_CERT_FILE and API_TLS_KEY_FILE too",
                ("API_TLS_CERT_FILE",),
            )
        elif self.tls_client_ca_file:
            yield from _no_authority(self.tls_client_ca_file)

    @property
    def unprotected(self) -> bool:
        """Whether other machines reach the API by HTTP: only services that encrypt may do so."""
        return self.tls_cert_file is None and not is_loopback(self.host)

    def key_files(self) -> Iterator[tuple[str, Path]]:
        if self.tls_key_file:
            yield "API_TLS_KEY_FILE", self.tls_key_file
        if self.tls_cert_file and holds_key(self.tls_cert_file):
            yield "API_TLS_CERT_FILE", self.tls_cert_file
        for file in sorted(self.keys_dir.glob("**/private/*.json")):
            yield "API_KEYS_DIR", file


def _mismatch(cert: Path, key: Path) -> Iterator[Problem]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The empty passphrase keeps OpenSSL from asking at the terminal.
        context.load_cert_chain(cert, key, password="")
    except (ssl.SSLError, ValueError):
        yield Problem(
            "API_TLS_KEY_FILE",
            f"{key} and {cert} are not a key and its certificate",
            "set two PEM files that belong together, the key without a passphrase",
            ("API_TLS_CERT_FILE",),
        )


def _no_authority(file: Path) -> Iterator[Problem]:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError:
        yield Problem(
            "API_TLS_CLIENT_CA_FILE", f"{file} holds no certificate", "name a PEM file that does"
        )
