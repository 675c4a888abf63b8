"""``python -m labs.fresh.inside FOLDER [TARGET…]``, in a mount namespace of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labs.fresh.newcomer import Newcomer, WentWrong
from labs.fresh.root import make_root

REPOSITORY = Path(__file__).parents[2]


def main(folder: Path, targets: list[str]) -> int:
    try:
        with _step("A Debian with Python, venv and make"):
            root = make_root(folder / "root")
        newcomer = Newcomer(root)
        with _step("git clone"):
            newcomer.clone(REPOSITORY)
        with _step("make play, the page in a browser, Ctrl+C"):
            newcomer.play()
        with _step(f"make {' '.join(targets or ['test'])}"):
            newcomer.make(*(targets or ["test"]))
    except WentWrong as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} ended with {error.returncode}.", file=sys.stderr)
        return 1
    print("Both commands work on a machine that has nothing.")
    return 0


@contextmanager
def _step(name: str) -> Iterator[None]:
    print(f"== {name}", flush=True)
    began = time.monotonic()
    yield
    print(f"   {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
