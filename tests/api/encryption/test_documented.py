"""What docs/api-encryption.md shows works: its keys, its requests, and how it reads answers."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.auth.conftest import House
from tests.api.auth.forging import Forge
from tests.api.encryption.partner import Keys, Partner, Request, encrypted_api
from yabot.api.auth.services import Protection
from yabot.api.jose.encryption import RecipientKey
from yabot.api.jose.signing import PublicKey
from yabot.log.unit_of_work import UnitOfWork

pytestmark = pytest.mark.standard

PAGE = (Path(__file__).parents[3] / "docs" / "api-encryption.md").read_text(encoding="utf-8")
CODES = (
    *("token_unbound", "token_bound_elsewhere", "token_replayed", "token_lasts_too_long"),
    *("token_malformed", "media_type_unsupported", "body_not_decryptable"),
)


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


@pytest.fixture
def folder(tmp_path: Path, keys: Keys) -> Path:
    """With the service's keys, and YABOT's public ones."""
    subprocess.run(["sh", "-eu", "-c", block("sh")], cwd=tmp_path, check=True, capture_output=True)
    offered = [keys.decryption.public.jwk, keys.answering.public.jwk]
    (tmp_path / "yabot.jwks").write_text(json.dumps({"keys": offered}))
    return tmp_path


@pytest.fixture
def said(folder: Path) -> dict[str, Callable[..., Any]]:
    """What the page's program says."""
    found: dict[str, Callable[..., Any]] = {}
    before = Path.cwd()
    os.chdir(folder)
    try:
        exec(block("python"), found)
    finally:
        os.chdir(before)
    return found


async def test_a_request_made_as_the_page_says_is_answered(
    house: House, keys: Keys, folder: Path, said: dict[str, Callable[..., Any]]
) -> None:
    public = PublicKey.read((folder / "orders.pub.pem").read_text())
    to = RecipientKey.read((folder / "orders.x25519.pub.pem").read_text())

    async def add(work: UnitOfWork) -> None:
        scopes = ["users:read", "users:write"]
        await house.registry.add(work, "orders", scopes, public, Protection(encrypt_to=to))

    await house.decide(add)
    async with encrypted_api(house, keys, Partner(keys.offered, Forge("another"))) as served:
        for method, target, body, status, text in (
            ("PUT", "/echo", {"said": "ñ"}, 200, '{"said":"ñ"}'),
            ("GET", "/echo?limit=7", None, 200, '{"said":[7]}'),
        ):
            jti, token, content = said["prepare"](method, f"/api/v1{target}", body)
            answer = await served.send(Request(method, f"/api/v1{target}", token, content))
            claims = said["read"](jti, answer.content)
            assert (claims["status"], claims["body"]) == (status, text)
            with pytest.raises(ValueError, match="another request"):
                said["read"]("another", answer.content)


def test_the_page_names_its_codes() -> None:
    assert set(CODES) - set(re.findall(r"[a-z_]+", PAGE)) == set()
