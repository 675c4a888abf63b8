"""Somebody who has just cloned the repository, and knows the README's two commands."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from labs.fresh.host import lent_environment
from labs.fresh.root import USER
from yabot.embedded.ports import free_port

HOME = Path("home") / USER
CLONE = HOME / "yabot"
# Seconds after which a step hangs: long enough for the slowest registry.
PATIENCE = 1800
# Found by this machine's PATH: the newcomer's has no programs of root's.
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"


class WentWrong(Exception):
    """What the newcomer saw instead of what the README promises."""


class Newcomer:
    def __init__(self, root: Path) -> None:
        self._root = root
        # The network is this machine's, where the usual ports may be taken.
        self._api, self._page = free_port(), free_port()

    def clone(self, repository: Path) -> None:
        clone = self._root / CLONE
        command = ["git", "clone", "--quiet", "--no-hardlinks", str(repository), str(clone)]
        subprocess.run(command, check=True)
        owner = f"{USER}:{USER}"
        subprocess.run([CHROOT, self._root, "chown", "-R", owner, f"/{CLONE}"], check=True)

    def play(self) -> None:
        """`make play` until its page answers, and Ctrl+C. Raises WentWrong."""
        log = self._root / HOME / "play.log"
        with log.open("wb") as output:
            playing = self._start("play", output=output.fileno())
            try:
                self._wait_for(f"http://127.0.0.1:{self._api}/health/ready", playing, log)
                self._wait_for(f"http://127.0.0.1:{self._page}/", playing, log)
                # As a terminal does it: make and all that it runs.
                os.killpg(playing.pid, signal.SIGINT)
                playing.wait(PATIENCE)
            finally:
                if playing.poll() is None:
                    os.killpg(playing.pid, signal.SIGKILL)
        said = log.read_text()
        # make itself ends by the signal; it says so when the program did not end with 0.
        if "***" in said or "Traceback" in said:
            raise WentWrong(f"make play did not end well after Ctrl+C:\n{said[-4000:]}")

    def make(self, *targets: str) -> None:
        """Raises WentWrong."""
        status = self._start(*targets).wait()
        if status:
            raise WentWrong(f"make {' '.join(targets)} ended with {status}.")

    def _start(self, *targets: str, output: int | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *(CHROOT, f"--userspec={USER}:{USER}", self._root),
                *("env", "-C", f"/{CLONE}", "make", *targets),
            ],
            env={
                **lent_environment(),
                "HOME": f"/{HOME}",
                "USER": USER,
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "API_PORT": str(self._api),
                "PLAYGROUND_PORT": str(self._page),
            },
            stdout=output,
            stderr=output,
            start_new_session=output is not None,
        )

    def _wait_for(self, url: str, playing: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while not _answers(url):
            if playing.poll() is not None:
                said = log.read_text()[-4000:]
                raise WentWrong(f"make play ended with {playing.returncode}:\n{said}")
            if time.monotonic() > deadline:
                raise WentWrong(f"make play did not answer within {PATIENCE} s.")
            time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
