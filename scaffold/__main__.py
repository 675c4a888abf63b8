"""`make feature NAME=daily_gift`."""

import sys
from pathlib import Path

from scaffold.feature import Refused, add_feature
from yabot.deferred_models import defer

ROOT = Path(__file__).parents[1]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("say what it is called: make feature NAME=daily_gift\n")
        return 2
    # Features are imported to see what is there already; Telegram's models are not asked for.
    defer()
    try:
        written = add_feature(ROOT, arguments[0])
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    lines = "\n".join(f"  {path}" for path in written)
    sys.stdout.write(
        f"Written, or added to:\n{lines}\n"
        f"Try it: make play, then /{arguments[0]}. Test it: "
        f".venv/bin/pytest tests/features/{arguments[0]} tests/features/contract\n"
        "What to do next: CONTRIBUTING.md, 'Adding a feature'.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
