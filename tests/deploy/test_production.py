"""compose.yaml on this machine: the bot in production, by webhook, on its stores with TLS."""

import asyncio
import json
import ssl
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.compose_file import environment
from tests.deploy.servers import mongodb, postgres, redis, running, set_up
from tests.ports import free_port
from tests.waiting import PATIENCE, until, wait_until
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer


@pytest.fixture
def places(services: dict[str, Any], tls: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The stores, set up; and where they and their files are."""
    with ExitStack() as stack:
        ports = {
            "mongodb:27017": stack.enter_context(mongodb(services, tls, folder(tmp_path, "m"))),
            "redis:6379": stack.enter_context(redis(services, tls, folder(tmp_path, "r"))),
            "postgres:5432": stack.enter_context(postgres(services, tls)),
        }
        found = {
            **{there: f"localhost:{port}" for there, port in ports.items()},
            "/tls/": f"{tls}/yabot/",
            "/var/lib/yabot": str(tmp_path / "data"),
        }
        assert set_up("setup-mongodb", services, found).returncode == 0
        at = {"PGHOST": "localhost", "PGPORT": str(ports["postgres:5432"])}
        assert set_up("setup-postgres", services, found, **at).returncode == 0
        yield found


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


@pytest.fixture
async def telegram(tmp_path: Path) -> AsyncIterator[PlaygroundServer]:
    server = PlaygroundServer(tmp_path / "playground.db", port=0)
    await server.start()
    yield server
    await server.stop()


def production(
    services: dict[str, Any], places: dict[str, str], telegram: PlaygroundServer
) -> dict[str, str]:
    """What compose.yaml gives the bot; but Telegram and the listeners are on loopback."""
    webhook = str(free_port())
    return {
        **environment(services["yabot"], places),
        "BOT_TOKEN": telegram.bot_token,
        "TELEGRAM_API_URL": telegram.url,
        "WEBHOOK_URL": f"http://127.0.0.1:{webhook}/telegram",
        "WEBHOOK_HOST": "127.0.0.1",
        "WEBHOOK_PORT": webhook,
        "API_HOST": "127.0.0.1",
        "API_PORT": str(free_port()),
    }


@pytest.mark.criterion("5.4.1", "rel.4", "sec.1", "sec.2", "sec.4")
async def test_a_reader_is_answered(
    services: dict[str, Any],
    secrets: dict[str, str],
    places: dict[str, str],
    telegram: PlaygroundServer,
    tmp_path: Path,
) -> None:
    env = production(services, places, telegram)
    yabot = Path(sys.executable).with_name("yabot")
    home = {"PATH": str(yabot.parent), "HOME": str(tmp_path)}
    log = tmp_path / "yabot.log"
    with running([yabot, "run"], log, home | env) as process:
        async with PlaygroundClient(telegram.url) as reader:
            await answered(reader, log)
        trusted = ssl.create_default_context(cafile=places["/tls/"] + "ca.pem")
        api = f"127.0.0.1:{env['API_PORT']}"
        # Somebody may be answered while parts of it still start.
        await asyncio.to_thread(wait_until, lambda: is_well(f"https://{api}", trusted))
        with pytest.raises((HTTPException, OSError)):
            asked(f"http://{api}/health/ready")
        token = await said_by("token issue --service orders --scope users:read", home | env)
        users = asked(f"https://{api}/api/v1/users", trusted, token.strip())
        assert [user["profile"]["first_name"] for user in users["items"]] == ["Ana"]
        # A busy machine may let no answer come within the seconds for which `doctor` waits.
        await until(lambda: is_found_well(home | env))
        process.terminate()
        assert process.wait(PATIENCE) == 0
    said = log.read_text()
    assert '"webhook.set"' in said
    assert "NoPermission" not in said
    # A busy machine may be late for the quarter of a second that Redis has to count.
    alone = [line for line in said.splitlines() if '"counters.alone"' in line]
    assert [line for line in alone if '"TimeoutError"' not in line] == []
    hidden = [value for name, value in secrets.items() if name.endswith(("PASSWORD", "SECRET"))]
    assert not [secret for secret in (*hidden, telegram.bot_token) if secret in said]


async def answered(reader: PlaygroundClient, log: Path) -> None:
    user = await reader.add_user("Ana")
    await reader.send(user, "/start")
    try:
        await reader.wait_for(user, lambda chat: len(chat) > 1, PATIENCE)
    except TimeoutError as error:
        raise AssertionError(log.read_text()[-4000:]) from error


async def is_found_well(env: dict[str, str]) -> bool:
    """What `yabot doctor` says of the program."""
    checks = json.loads(await said_by("doctor --json", env))
    [found] = [check for check in checks if check["name"] == "running program"]
    return (found["state"], found["message"]) == ("ok", "all its components are well")


async def said_by(command: str, env: dict[str, str]) -> str:
    words = [str(Path(sys.executable).with_name("yabot")), *command.split()]
    process = await asyncio.create_subprocess_exec(*words, env=env, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return said.decode()


def is_well(url: str, trusted: ssl.SSLContext) -> bool:
    try:
        return bool(asked(f"{url}/health/ready", trusted)["status"] == "ok")
    except (HTTPException, OSError):  # not well, or the handshake took longer than it may
        return False


def asked(
    url: str, trusted: ssl.SSLContext | None = None, token: str | None = None
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE, context=trusted) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
