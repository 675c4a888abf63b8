"""A service that an operator registers beside a running program, with keys that OpenSSL made."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.api.auth.operating import Operator
from tests.e2e.program import Program
from tests.waiting import PATIENCE

SCOPES = ("users:read", "users:write", "besitos:write")


@dataclass(frozen=True)
class Service:
    """As its developer has it: a name, and files."""

    name: str
    folder: Path
    url: str

    @property
    def options(self) -> dict[str, Any]:
        """Of a client."""
        bounds = {"timeout": PATIENCE, "deadline": PATIENCE}
        return {"service": self.name, "key": self.folder / "orders.pem", **bounds}

    @property
    def options_to_encrypt(self) -> dict[str, Any]:
        return {
            **self.options,
            "decryption_keys": [self.folder / "orders.x25519.pem"],
            "yabot_keys": self.folder / "yabot.jwks",
        }


@contextmanager
def service_beside(
    program: Program, operator: Operator, folder: Path, *, encrypts: bool = False
) -> Iterator[Service]:
    url = f"http://127.0.0.1:{program.settings['API_PORT']}"
    service = Service(f"orders-{uuid4().hex}", folder, url)
    options = ["--public-key", _make_key(folder, "ed25519", "orders")]
    if encrypts:
        options += ["--encrypt-to", _make_key(folder, "x25519", "orders.x25519")]
        (folder / "yabot.jwks").write_text(operator.types("service", "keys"))
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    operator.types("service", "add", service.name, *scopes, *options)
    yield service
    operator.types("service", "remove", service.name)


def _make_key(folder: Path, algorithm: str, name: str) -> str:
    """Where its public part is."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    for words in (
        ["genpkey", "-algorithm", algorithm, "-out", private],
        ["pkey", "-in", private, "-pubout", "-out", public],
    ):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    return str(public)
