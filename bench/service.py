"""A service that signs a token for each request, and may have its answers encrypted."""

import asyncio
import base64
import hashlib
import os
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.api import STATE
from bench.asking import ask, request
from bench.running import Running
from yabot.api.auth.claims import claims_of
from yabot.api.jose.encryption import DecryptionKey
from yabot.api.jose.signing import SigningKey
from yabot.clock import utc_now

HOLDS = timedelta(seconds=60)
SCOPE = "users:read"
_NOTHING = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class BenchService:
    name: str
    key: SigningKey
    encrypts: bool

    def get(self, path: str) -> bytes:
        """Signed now, and for once."""
        target = f"/api/v1{path}"
        claims: dict[str, Any] = claims_of(
            self.name, frozenset({SCOPE}), uuid4().hex, utc_now(), HOLDS
        )
        claims["iss"] = self.name
        if self.encrypts:
            claims["req"] = {"method": "GET", "target": target, "body": _NOTHING, "headers": {}}
        return request("GET", target, self.key.sign(claims))


@asynccontextmanager
async def registered(program: Running, *, encrypts: bool) -> AsyncIterator[BenchService]:
    """With ``yabot service add``, and known to the running program."""
    service = BenchService("encrypting" if encrypts else "signing", SigningKey.generate(), encrypts)
    public = program.folder / f"{service.name}.jwk"
    public.write_text(service.key.public.text)
    options = ["--scope", SCOPE, "--public-key", str(public)]
    if encrypts:
        recipient = program.folder / f"{service.name}.enc.jwk"
        recipient.write_text(DecryptionKey.generate().public.text)
        options += ["--encrypt-to", str(recipient)]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(program.folder),
        "YABOT_DATA_DIR": str(program.folder / "data"),
    }
    command = Path(sys.executable).with_name("yabot")
    words: list[str | Path] = [command, "service", "add", service.name, *options]
    typed = await asyncio.create_subprocess_exec(
        *words, cwd=program.folder, env=environ, stdout=DEVNULL
    )
    assert await typed.wait() == 0
    # The first token of a key that is not known yet waits until it is.
    (await ask(program.port, service.get(STATE), 1)).require(200)
    yield service
