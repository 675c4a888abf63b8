"""The libcurl that mongod is linked to: the system's, else the one inside pycurl's wheel.

A minimal system has none, and only its administrator could install one.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from yabot.embedded.binaries import packaged

NAME = "libcurl.so.4"


def system_has_libcurl(program: Path) -> bool:
    """Whether the system's loader finds a sound libcurl for ``program``, which is not run.

    ``program`` must be dynamically linked: then the loader lists its libraries and does not run it.
    """
    listed = subprocess.run(  # noqa: S603 - our own wheel's program
        [program],
        env={**os.environ, "LD_TRACE_LOADED_OBJECTS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return any(line.strip().startswith(f"{NAME} => /") for line in listed.stdout.splitlines())


def packaged_libcurl() -> Path | None:
    """The libcurl in pycurl's wheel, whose name no loader looks for."""
    package = packaged("pycurl") if sys.platform == "linux" else None
    if package is None:
        return None
    return next(package.with_name("pycurl.libs").glob("libcurl-*.so.4*"), None)


def with_libcurl(environ: Mapping[str, str], libcurl: Path, folder: Path) -> dict[str, str]:
    """``environ``, changed so that a child's loader finds ``libcurl`` under the usual name.

    Creates ``folder``, for a link with that name.
    """
    folder.mkdir(exist_ok=True)
    link = folder / NAME
    link.unlink(missing_ok=True)
    link.symlink_to(libcurl)
    # The libraries that libcurl itself needs lie beside it.
    search = (str(folder), str(libcurl.parent), environ.get("LD_LIBRARY_PATH", ""))
    return {**environ, "LD_LIBRARY_PATH": ":".join(filter(None, search))}
