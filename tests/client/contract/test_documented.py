"""What docs/client.md shows works, from its first five lines on, in one program."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.client.asking import OwnTime
from tests.client.contract.world import World
from tests.client.encrypting import Yabot
from tests.features.harness import HarnessReader
from tests.waiting import PATIENCE
from yabot.api.jose.signing import PublicKey
from yabot.features.besitos.events import BesitosAwarded
from yabot.log.unit_of_work import UnitOfWork

PAGE = (Path(__file__).parents[3] / "docs" / "client.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8080"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
# What the page says in words: from its calls on, there is a client that is open.
OPEN = f'yabot = Client("{ADDRESS}", service="orders", key=Path("orders.pem"))\n'


@pytest.fixture
async def folder(world: World, tmp_path: Path) -> Path:
    """Of the service orders, which may do what the page says; all files of the page are there."""
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    made = [line for line in commands.splitlines() if line.startswith("openssl")]
    made.append("openssl genpkey -algorithm X25519 -out orders.x25519.pem")
    await asyncio.to_thread(
        subprocess.run, ["sh", "-eu", "-c", "\n".join(made)], cwd=tmp_path, check=True
    )
    key = PublicKey.read((tmp_path / "orders.pub.pem").read_text())
    scopes = re.findall(r"--scope (\S+)", commands)

    async def add(work: UnitOfWork) -> None:
        await world.house.registry.add(work, "orders", scopes, key)

    await world.house.decide(add)
    (tmp_path / "yabot.jwks").write_text(json.dumps(Yabot(OwnTime()).keys))
    authority = Authority("of the service")
    authority.write(tmp_path / "authority.crt")
    certificate, its_key = authority.leaf().write(tmp_path)
    certificate.rename(tmp_path / "orders.crt")
    its_key.rename(tmp_path / "orders.key")
    return tmp_path


async def test_all_that_the_page_shows_works(world: World, folder: Path) -> None:
    ana = HarnessReader(world.harness, "123456789", "Ana", "es")
    await ana.say("/start")
    first, *others = BLOCKS
    assert PAGE.index(first) < 50
    assert len(first.splitlines()) == 5
    script = "\n".join([first, OPEN, *others]).replace(ADDRESS, world.url)
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script),
        cwd=folder,
        env={**os.environ, "YABOT_TOKEN": "x"},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(program.communicate(), PATIENCE)
    assert program.returncode == 0
    lines = said.decode().splitlines()
    assert (lines[0], lines[-1]) == ("Ana", "besitos_awarded")
    assert [line.split()[0] for line in lines].count("besitos_awarded") >= 2
    assert {"They cannot pay that.", "987654321 Iris"} <= {*lines}
    # One by its name, one with a key twice, one for the list.
    assert [each["amount"] for each in await ana.events(BesitosAwarded)] == [5, 5, 1]
