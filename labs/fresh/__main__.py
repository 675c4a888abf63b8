"""``python -m labs.fresh [TARGET…]``: `make play` and `make test`, or the targets, on nothing.

All is done in a mount namespace of its own, so that the folder holds nothing but plain files for
whoever deletes it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = ("debootstrap", "unshare", "git", "apt-get")


def main(targets: list[str]) -> int:
    if sentence := _refusal():
        print(sentence, file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="yabot-fresh-"))
    inside = None
    try:
        # mkdtemp's folder is closed to everybody else, and the newcomer is somebody else.
        folder.chmod(0o755)
        inside = subprocess.Popen(
            [
                *("unshare", "--mount", "--propagation", "private"),
                *(sys.executable, "-m", "labs.fresh.inside", str(folder), *targets),
            ],
            start_new_session=True,
        )
        return inside.wait()
    except KeyboardInterrupt:
        return 130
    finally:
        # What is asked of it now must not be interrupted.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if inside is not None:
            _end(inside, folder)
        shutil.rmtree(folder)


def _refusal() -> str | None:
    if os.geteuid() != 0:
        return "make test-fresh needs root: it makes a Debian of its own with debootstrap."
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"make test-fresh needs on this machine: {', '.join(missing)}." if missing else None


def _end(inside: subprocess.Popen[bytes], folder: Path) -> None:
    """End whatever still runs of it: the session that was started, and who lives in the folder."""
    if inside.poll() is None:
        os.killpg(inside.pid, signal.SIGKILL)
        inside.wait()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "root").readlink().is_relative_to(folder):
                os.kill(int(process.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # gone by now


if __name__ == "__main__":
    # Ended in order by `kill` too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
