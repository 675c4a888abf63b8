"""A machine without a libcurl: the packaged mongod runs with the one of pycurl's wheel."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from yabot.embedded.mongod import EmbeddedMongod

from .conftest import save, saved, spoil_library, started

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="mongod brings its libcurl")


@linux_only
async def test_mongod_takes_the_packaged_libcurl_where_the_system_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_library("libcurl.so.4", tmp_path / "spoilt", monkeypatch)
    engine = EmbeddedMongod(tmp_path)
    assert "pycurl.libs" in engine.remark()
    async with started(engine) as uri:
        await save(uri, "works")
        assert await saved(uri) == "works"
        assert _libcurl_of(engine).parent.name == "pycurl.libs"
    # No other child is told.
    assert os.environ["LD_LIBRARY_PATH"] == str(tmp_path / "spoilt")


@linux_only
async def test_the_systems_libcurl_is_preferred(tmp_path: Path) -> None:
    engine = EmbeddedMongod(tmp_path)
    if engine.remark():
        pytest.skip("this system has none")
    async with started(engine):
        assert _libcurl_of(engine).parent.name != "pycurl.libs"
    assert not (tmp_path / "mongod" / "lib").exists()


@linux_only
async def test_a_link_of_another_environment_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_library("libcurl.so.4", tmp_path / "spoilt", monkeypatch)
    lib = tmp_path / "mongod" / "lib"
    lib.mkdir(parents=True)
    (lib / "libcurl.so.4").symlink_to("/gone/libcurl")
    EmbeddedMongod(tmp_path).environment()
    assert (lib / "libcurl.so.4").is_file()


def _libcurl_of(engine: EmbeddedMongod) -> Path:
    """The one that the running mongod has in its memory."""
    maps = psutil.Process(engine.pid).memory_maps()
    return next(Path(each.path).resolve() for each in maps if "libcurl" in each.path)
