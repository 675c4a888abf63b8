"""What docs/api-auth.md shows works: its key, and its two ways to sign a token."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.auth.conftest import House
from yabot.api.auth.refusals import OF_TOKENS
from yabot.api.caller import SCOPES
from yabot.api.jose.signing import PublicKey
from yabot.log.unit_of_work import UnitOfWork

PAGE = (Path(__file__).parents[3] / "docs" / "api-auth.md").read_text(encoding="utf-8")


def block(language: str, word: str) -> str:
    """The one in that language that has the word."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (text,) = [each for each in found if word in each]
    return str(text)


def in_shell(text: str, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        ["sh", "-eu", "-c", text],
        cwd=folder,
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture
def key(tmp_path: Path) -> PublicKey:
    in_shell(block("sh", "genpkey"), tmp_path)
    return PublicKey.read((tmp_path / "orders.pub.pem").read_text())


def by_python(folder: Path, _kid: str) -> str:
    said: dict[str, Callable[..., str]] = {}
    before = Path.cwd()
    os.chdir(folder)
    try:
        exec(block("python", "joserfc"), said)
    finally:
        os.chdir(before)
    return said["token"]("users:read")


def by_shell(folder: Path, kid: str) -> str:
    return in_shell(f'{block("sh", "pkeyutl")}\nprintf %s "$token"', folder, KID=kid)


@pytest.mark.parametrize("make", [by_python, by_shell])
async def test_a_token_made_as_the_page_says_is_let_in(
    house: House, key: PublicKey, tmp_path: Path, make: Callable[[Path, str], str]
) -> None:
    async def add(work: UnitOfWork) -> None:
        await house.registry.add(work, "orders", ["users:read"], key)

    await house.decide(add)
    caller = await house.ask(make(tmp_path, key.kid))
    assert (caller.service, caller.scopes) == ("orders", frozenset(["users:read"]))


def test_the_page_names_every_code_and_every_scope() -> None:
    named = {problem.code for problem in OF_TOKENS} | set(SCOPES)
    words = set(re.findall(r"[a-z_:]+", PAGE))
    assert named - words == set()
