"""A minimal Debian in a folder, with what the README asks of a machine and no more."""

import subprocess
from pathlib import Path

from labs.fresh.host import PipConfiguration, apt_configuration, debian_mirror, pip_configuration

RELEASE = "bookworm"
PACKAGES = ("python3.11", "python3.11-venv", "make", "ca-certificates")
USER = "newcomer"
# As Debian's installer writes it; debootstrap leaves a machine that does not know its own name.
HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"


def make_root(root: Path) -> Path:
    """``root``, ready to change into. Only in a mount namespace of its own: nothing is unmounted.

    Raises CalledProcessError when a package cannot be had.
    """
    mirror = debian_mirror(RELEASE)
    _quietly("debootstrap", "--variant=minbase", RELEASE, str(root), mirror)
    _mount(root)
    (root / "etc/hosts").write_text(HOSTS)
    (root / "etc/apt/apt.conf.d/90lent").write_text(apt_configuration())
    install = "DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends"
    _quietly(
        "chroot", str(root), "sh", "-c", f"apt-get update -qq && {install} {' '.join(PACKAGES)}"
    )
    _quietly("chroot", str(root), "useradd", "--create-home", USER)
    _lend(root, pip_configuration())
    return root


def _mount(root: Path) -> None:
    _quietly("mount", "-t", "proc", "proc", str(root / "proc"))
    _quietly("mount", "--rbind", "/dev", str(root / "dev"))
    # PostgreSQL's shared memory, of this machine's own.
    _quietly("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", str(root / "dev/shm"))


def _lend(root: Path, pip: PipConfiguration) -> None:
    (root / "etc/pip.conf").write_text(pip.text)
    for path in pip.paths:
        here = root / path.relative_to("/")
        if path.is_dir():
            here.mkdir(parents=True, exist_ok=True)
        else:
            here.parent.mkdir(parents=True, exist_ok=True)
            here.touch()
        _quietly("mount", "--bind", "-o", "ro", str(path), str(here))


def _quietly(*command: str) -> None:
    """What it says is only told when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", flush=True)
        done.check_returncode()
