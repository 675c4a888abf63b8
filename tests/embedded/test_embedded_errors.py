"""Each foreseeable mistake is one sentence: what, where, and how to mend it."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from yabot.embedded.binaries import find_binary, packaged
from yabot.embedded.diagnosis import Attempt, explain
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.folder import LOG_LIMIT, EngineFolder
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.ports import candidates, listening
from yabot.embedded.valkey import EmbeddedValkey
from yabot.errors import ConfigurationError, StartupError, YabotError

from .conftest import running, save, spoil_library, started
from .wiredtiger import pretend_newer


async def _refusal(engine: EmbeddedEngine, kind: type[YabotError]) -> str:
    with pytest.raises(kind) as refused:
        await engine.start()
    assert engine.pid is None
    sentence = str(refused.value)
    assert "\n" not in sentence
    return sentence


async def test_a_missing_library_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_library("libcrypto.so.3", tmp_path / "lib", monkeypatch)
    sentence = await _refusal(EmbeddedMongod(tmp_path), ConfigurationError)
    assert "mongod cannot start because the system library libcrypto.so.3 is missing" in sentence
    assert ("run apt-get install libssl3," in sentence) == bool(shutil.which("apt-get"))


async def test_a_program_for_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = tmp_path / "bin" / "valkey-server"
    foreign.parent.mkdir()
    foreign.write_bytes(b"\x00not a program of this machine")
    foreign.chmod(0o755)
    monkeypatch.setenv("PATH", str(foreign.parent))
    sentence = await _refusal(EmbeddedValkey(tmp_path), ConfigurationError)
    assert sentence.startswith(f"{foreign} does not run on this machine (Exec format error)")


@pytest.mark.parametrize(("engine_type", "files"), [(EmbeddedMongod, 64), (EmbeddedValkey, 20)])
async def test_a_limit_of_open_files_that_is_too_low(
    engine_type: type[EmbeddedEngine],
    files: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = engine_type(tmp_path)
    _run_instead(engine, f"ulimit -n {files}", tmp_path, monkeypatch)
    sentence = await _refusal(engine, StartupError)
    assert sentence.startswith(f"{engine.name} may not open as many files as it needs: raise")


async def test_a_limit_of_memory_that_is_too_low(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = EmbeddedValkey(tmp_path)
    _run_instead(engine, "ulimit -v 30000", tmp_path, monkeypatch)
    sentence = await _refusal(engine, StartupError)
    assert sentence.startswith("valkey got less memory or fewer threads than it needs: raise what")


async def test_an_engine_that_the_system_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = EmbeddedValkey(tmp_path)
    _run_instead(engine, "kill -KILL $$", tmp_path, monkeypatch)
    sentence = await _refusal(engine, StartupError)
    assert sentence.startswith("valkey was killed while it started")
    assert sentence.endswith("or set REDIS_URL to a server.")


def _run_instead(
    engine: EmbeddedEngine, first: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From now on the engine's program is a script, which does something else ``first``."""
    (folder / engine.name).mkdir()
    libraries = engine.environment().get("LD_LIBRARY_PATH", "")
    script = folder / "bin" / engine.executables[0]
    script.parent.mkdir()
    script.write_text(
        f"#!/bin/sh\n{first}\nexport LD_LIBRARY_PATH='{libraries}'\n"
        f"exec '{engine.binary()}' \"$@\"\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")


def test_no_program_for_this_platform() -> None:
    with pytest.raises(ConfigurationError, match="MONGODB_URI: there is no nosuchd on PATH"):
        find_binary(["nosuchd"], packaged("no_such_package", "nosuchd"), "MONGODB_URI")


def test_a_packaged_program_is_made_executable(tmp_path: Path) -> None:
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    assert find_binary(["no-such-server"], program, "REDIS_URL") == program
    assert program.stat().st_mode & stat.S_IXUSR


async def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    sentence = await _refusal(EmbeddedMongod(tmp_path / "data"), ConfigurationError)
    assert sentence == (
        f"YABOT_DATA_DIR: {tmp_path}/data/mongod cannot be written (Not a directory): "
        "name a folder that this user may write to."
    )


@pytest.mark.parametrize("name", ["port", "owner.lock", "secret"])
async def test_a_folder_in_place_of_a_file(name: str, tmp_path: Path) -> None:
    """Of what is looked at before anything is written, as by whoever only asks who runs."""
    engine = EmbeddedValkey(tmp_path)
    async with started(engine):
        place = tmp_path / "valkey" / name
        if name == "owner.lock":
            place.rename(tmp_path / "moved")
        else:
            place.unlink()
        place.mkdir()
        with pytest.raises(ConfigurationError) as refused:
            EmbeddedValkey(tmp_path).running()
    assert str(refused.value).startswith(f"YABOT_DATA_DIR: {tmp_path}/valkey cannot be written")


@pytest.mark.parametrize("text", ["99999999", "-1", "0", "", "x", "8" * 5000])
def test_a_kept_port_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "port").write_text(text)
    (tmp_path / "valkey" / "owner.lock").touch()
    assert EmbeddedValkey(tmp_path).running() is None
    assert EngineFolder(tmp_path / "valkey").kept_port() is None


async def test_data_of_a_newer_mongod(tmp_path: Path) -> None:
    engine = EmbeddedMongod(tmp_path)
    async with started(engine):
        pass
    pretend_newer(tmp_path / "mongod" / "data" / "WiredTiger.wt")
    sentence = await _refusal(engine, StartupError)
    assert sentence.startswith(
        f"The data in {tmp_path}/mongod/data was written by another version of MongoDB"
    )
    assert f"(the log is {tmp_path}/mongod/engine.log)" in sentence


async def test_data_of_a_newer_valkey(tmp_path: Path) -> None:
    engine = EmbeddedValkey(tmp_path)
    files = tmp_path / "valkey" / "data" / "appendonlydir"
    files.mkdir(parents=True)
    (files / "appendonly.aof.1.base.rdb").write_bytes(b"VALKEY999")
    (files / "appendonly.aof.manifest").write_text("file appendonly.aof.1.base.rdb seq 1 type b\n")
    sentence = await _refusal(engine, StartupError)
    assert sentence.startswith(f"The data in {tmp_path}/valkey/data cannot be read by")
    shutil.rmtree(files.parent)
    async with started(engine) as url:
        await save(url, "mended")


async def test_damaged_data_of_mongod(tmp_path: Path) -> None:
    async with started(EmbeddedMongod(tmp_path)):
        pass
    (tmp_path / "mongod" / "data" / "WiredTiger.wt").write_bytes(b"x" * 5000)
    sentence = await _refusal(EmbeddedMongod(tmp_path), StartupError)
    assert f"The data in {tmp_path / 'mongod' / 'data'} is damaged: put back a backup" in sentence


async def test_damaged_data_of_valkey(tmp_path: Path) -> None:
    async with started(EmbeddedValkey(tmp_path)):
        pass
    (manifest,) = (tmp_path / "valkey" / "data" / "appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense\n")
    sentence = await _refusal(EmbeddedValkey(tmp_path), StartupError)
    assert "move that folder away and start again" in sentence


async def test_a_foreign_mongod_on_the_data_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mongod" / "data").mkdir(parents=True)
    engine = EmbeddedMongod(tmp_path)
    port = next(candidates(None))
    with running(engine, port) as foreign:
        await listening(port)
        sentence = await _refusal(engine, StartupError)
        assert "is in use by a mongod that this program did not start" in sentence
        assert foreign.poll() is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("DBPathInUse", "is in use by a mongod that this program did not start"),
        ("Wrong mongod version", "was written by another version of MongoDB"),
        ("see http://dochub.mongodb.org/core/repair", "is damaged: put back a backup"),
        ("that is all", "may not use files in"),
        (
            '"msg":"__posix_open_file:812:_mdb_catalog.wt: handle-open: open","error_str":'
            '"Permission denied"\n"message":"see http://dochub.mongodb.org/core/repair"',
            "may not use files in",
        ),
    ],
)
def test_a_file_that_may_not_be_read_hides_nothing(said: str, told: str, tmp_path: Path) -> None:
    engine, log = EmbeddedMongod(tmp_path), tmp_path / "engine.log"
    log.write_text(f"/sys/kernel/mm/enabled: Permission denied\n{said}\n")
    attempt = Attempt("mongod", "MONGODB_URI", engine.binary(), tmp_path, log, since=0)
    assert told in str(explain(attempt, 1, engine.symptoms))


def test_the_log_is_kept_within_bounds(tmp_path: Path) -> None:
    folder = EngineFolder(tmp_path / "mongod")
    folder.path.mkdir()
    folder.log.write_bytes(b"x" * (LOG_LIMIT + 1))
    folder.claim()
    folder.make_ready()
    folder.release()
    assert not folder.log.exists()
    assert folder.log.with_suffix(".log.1").stat().st_size == LOG_LIMIT + 1


def _may_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None


if _may_mount():

    @pytest.fixture
    def full_disk(tmp_path: Path) -> Iterator[Path]:
        """A data folder on a disk of 64 KiB."""
        disk = tmp_path / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False
        )
        if mounted.returncode:
            pytest.skip("root may not mount here")
        yield disk
        subprocess.run(["umount", disk], check=True)

    @pytest.mark.parametrize("engine_class", [EmbeddedMongod, EmbeddedValkey])
    async def test_a_full_disk_is_found_before_the_start(
        engine_class: type[EmbeddedEngine], full_disk: Path
    ) -> None:
        sentence = await _refusal(engine_class(full_disk), StartupError)
        assert sentence == (
            f"The disk of {full_disk}/{engine_class.name}/data is full; free some space there "
            "and start again: 0 MiB are left, 64 MiB are needed."
        )

    async def test_a_disk_that_fills_up_during_the_start_is_named(
        full_disk: Path, tmp_path: Path
    ) -> None:
        engine = EmbeddedMongod(full_disk)
        (full_disk / "mongod" / "data").mkdir(parents=True)
        log = tmp_path / "engine.log"
        with log.open("wb") as output:
            status = subprocess.call(
                engine.command(next(candidates(None))), env=engine.environment(), stdout=output
            )
        attempt = Attempt("mongod", "MONGODB_URI", engine.binary(), full_disk, log, since=0)
        assert str(explain(attempt, status, engine.symptoms)) == (
            f"mongod stopped because the disk of {full_disk} is full: free some space there and "
            f"start again (its log is {log})."
        )

    async def test_who_only_asks_tells_a_full_disk_too(full_disk: Path) -> None:
        folder = EngineFolder(full_disk / "valkey")
        folder.path.mkdir()
        folder.keep_port(next(candidates(None)))
        with suppress(OSError):
            (full_disk / "more").write_bytes(b"x" * 65536)
        folder.owner.path.touch()
        with pytest.raises(StartupError, match="is full; free some space there"):
            EmbeddedValkey(full_disk).running()
