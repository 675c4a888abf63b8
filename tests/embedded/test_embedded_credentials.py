"""Who may enter the engines, and how the data of a version that asked nobody goes on."""

import asyncio
import subprocess
from pathlib import Path

import psutil
import pytest
from pymongo.errors import OperationFailure
from redis.exceptions import AuthenticationError

from tests.uris import place_of
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.folder import EngineFolder
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.ports import PortTaken, free_port, listening
from yabot.embedded.replica_set import become_primary
from yabot.embedded.secret import kept_secret

from .conftest import ENGINES, MongoClient, save, saved, started

WITHOUT = ("--keyFile", "--aclfile")


@ENGINES
async def test_nobody_gets_in_without_the_secret(
    engine_class: type[EmbeddedEngine], tmp_path: Path
) -> None:
    async with started(engine_class(tmp_path)) as uri:
        secret = (tmp_path / engine_class.name / "secret").read_text()
        for known in (f"//{place_of(uri)}", f"//yabot:guessed@{place_of(uri)}"):
            with pytest.raises((OperationFailure, AuthenticationError)):
                await saved(f"{uri.partition('//')[0]}{known}")
        assert secret in uri


@ENGINES
async def test_the_secret_is_the_owners_alone(
    engine_class: type[EmbeddedEngine], tmp_path: Path
) -> None:
    engine = engine_class(tmp_path)
    async with started(engine):
        folder = tmp_path / engine.name
        secret = (folder / "secret").read_text()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "secret").stat().st_mode & 0o777 == 0o600
        assert engine.pid is not None
        shown = psutil.Process(engine.pid)
        assert secret not in " ".join([*shown.cmdline(), *shown.environ().values()])
        assert secret not in (folder / "engine.log").read_text()


@ENGINES
async def test_data_of_a_version_without_passwords_goes_on(
    engine_class: type[EmbeddedEngine], tmp_path: Path
) -> None:
    port = await written_without_a_password(engine_class(tmp_path), tmp_path)
    (tmp_path / engine_class.name / "secret").unlink()
    EngineFolder(tmp_path / engine_class.name).keep_port(port)
    async with started(engine_class(tmp_path)) as uri:
        assert await saved(uri) == "of old"
        await save(uri, "anew")
        with pytest.raises((OperationFailure, AuthenticationError)):
            await saved(f"{uri.partition('//')[0]}//{place_of(uri)}")
    async with started(engine_class(tmp_path)) as uri:
        assert await saved(uri) == "anew"


async def written_without_a_password(engine: EmbeddedEngine, data_dir: Path) -> int:
    """The port of an engine that was started as it once was, and has ended."""
    (data_dir / engine.name / "data").mkdir(parents=True)
    port = free_port()
    command = engine.command(port)
    for option in WITHOUT:
        if option in command:
            del command[command.index(option) : command.index(option) + 2]
    process = subprocess.Popen(command, env=engine.environment(), stdout=subprocess.DEVNULL)
    try:
        await listening(port)
        address = f"127.0.0.1:{port}"
        if engine.name == "mongod":
            async with MongoClient(address, directConnection=True) as client:
                await become_primary(client, address)
            await save(f"mongodb://{address}/?replicaSet=rs0", "of old")
        else:
            await save(f"redis://{address}", "of old")
    finally:
        process.terminate()
        process.wait()
    return port


@ENGINES
@pytest.mark.parametrize("harm", ["gone", "wide", "spoilt"])
async def test_a_secret_that_will_not_do_is_made_anew(
    engine_class: type[EmbeddedEngine], tmp_path: Path, harm: str
) -> None:
    async with started(engine_class(tmp_path)) as uri:
        await save(uri, "kept")
    file = tmp_path / engine_class.name / "secret"
    before = file.read_text()
    if harm == "gone":
        file.unlink()
    elif harm == "wide":
        file.chmod(0o640)
    else:
        file.write_text(before[:20])
    async with started(engine_class(tmp_path)) as uri:
        assert file.read_text() != before
        assert file.stat().st_mode & 0o777 == 0o600
        assert await saved(uri) == "kept"


def test_a_link_is_not_taken_for_the_secret(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("a" * 64)
    elsewhere.chmod(0o600)
    (tmp_path / "secret").symlink_to(elsewhere)
    assert kept_secret(tmp_path / "secret") != "a" * 64
    assert not (tmp_path / "secret").is_symlink()
    assert elsewhere.read_text() == "a" * 64


class Stranger:
    """Listens where an engine of ours once did, and keeps what it is told."""

    def __init__(self) -> None:
        self.heard = b""
        self.callers = 0

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.callers += 1
        self.heard += await reader.read(1000)
        writer.close()


@ENGINES
async def test_a_stranger_on_the_kept_port_is_told_nothing(
    engine_class: type[EmbeddedEngine], tmp_path: Path
) -> None:
    stranger = Stranger()
    listener = await asyncio.start_server(stranger.hear, "127.0.0.1", 0)
    async with listener, started(engine_class(tmp_path)) as uri:
        assert engine_class(tmp_path).running() == uri
        # As if the engine had ended, and somebody been quicker than its new start.
        EngineFolder(tmp_path / engine_class.name).keep_port(_port(listener))
        assert engine_class(tmp_path).running() is None
    assert stranger.callers == 0


@ENGINES
async def test_a_stranger_who_is_quicker_than_the_engine_is_told_nothing(
    engine_class: type[EmbeddedEngine], tmp_path: Path
) -> None:
    stranger, engine = Stranger(), engine_class(tmp_path)
    listener = await asyncio.start_server(stranger.hear, "127.0.0.1", 0)
    async with listener:
        engine._folder.claim()
        assert engine._folder.engine.acquire()
        try:
            with pytest.raises(PortTaken):
                await engine._start_on(_port(listener))
        finally:
            await engine.stop()
    assert stranger.callers > 0
    assert stranger.heard == b""


def _port(listener: asyncio.Server) -> int:
    return int(listener.sockets[0].getsockname()[1])


async def test_the_bots_user_administers_nothing(tmp_path: Path) -> None:
    async with started(EmbeddedMongod(tmp_path)) as uri, MongoClient(uri) as client:
        with pytest.raises(OperationFailure, match="not authorized"):
            await client.admin.command("createUser", "ana", pwd="x", roles=["root"])
