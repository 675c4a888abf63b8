"""An import in a process of its own, which then says how much memory it has had at most."""

import sys
from pathlib import Path

from yabot.deferred_models import defer

# As the program does, and before what is imported here.
defer()

from yabot.cli.legacy.importing import import_until_stopped  # noqa: E402


def main() -> None:
    done = import_until_stopped(Path(sys.argv[1]), rehearsal=False, refuse_at_most=0)
    assert done.report.outcomes["imported"] == done.report.entries
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    # What the kernel tells whoever waits for the process would count who has started it.
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


if __name__ == "__main__":
    main()
