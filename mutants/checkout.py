"""A copy of the checkout whose programs, and their children, run the copy's source."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from os import utime
from pathlib import Path

from mutants.mutant import Mutant

ROOT = Path(__file__).parents[1]
# What stands in the environment for a source of ours, and where that source is.
EDITABLES = {
    "__editable__.yabot-*.pth": "src",
    "__editable__.yabot_client-*.pth": "clients/python/src",
}


class Checkout:
    def __init__(self, folder: Path) -> None:
        """Made in ``folder``, which does not exist yet."""
        self.folder = folder
        self.python = folder / ".venv" / "bin" / "python"
        # Times of change that no file has had: what was compiled before is compiled anew.
        self._times = (1_000_000_000 + n for n in count())
        _copy_files(folder)
        _copy_environment(folder)

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """Raises Mistake when the mutant does not fit."""
        path = self.folder / mutant.file
        original, before = path.read_text(encoding="utf-8"), path.stat()
        path.write_text(mutant.apply_to(original), encoding="utf-8")
        changed = next(self._times)
        utime(path, (changed, changed))
        try:
            yield
        finally:
            path.write_text(original, encoding="utf-8")
            utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _copy_files(folder: Path) -> None:
    """What git would take, as it stands now; git itself need not be there. And what has been
    compiled of it, which stays good: files keep their times."""
    ignored = {Path(each).name for each in (ROOT / ".gitignore").read_text().split()}
    left_out = shutil.ignore_patterns(".git", *(ignored - {"__pycache__"}))
    shutil.copytree(ROOT, folder, ignore=left_out)


def _copy_environment(folder: Path) -> None:
    """One that shares the packages; only ours are the copy's, and the script runs there."""
    ours, theirs = Path(sys.prefix), folder / ".venv"
    packages = Path(*next(ours.glob("lib/python3*/site-packages")).relative_to(ours).parts)
    (theirs / packages).mkdir(parents=True)
    (theirs / "bin").mkdir()
    shutil.copy2(ours / "pyvenv.cfg", theirs)
    (theirs / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    for entry in (ours / packages).iterdir():
        if source := next((EDITABLES[each] for each in EDITABLES if entry.match(each)), None):
            (theirs / packages / entry.name).write_text(f"{folder / source}\n")
        else:
            (theirs / packages / entry.name).symlink_to(entry)
    script = (ours / "bin" / "yabot").read_text(encoding="utf-8")
    (theirs / "bin" / "yabot").write_text(script.replace(str(ours), str(theirs)))
    (theirs / "bin" / "yabot").chmod(0o755)
