"""Writes the events as they are now to ``events-v1.json``: what is in it, is promised.

Run with ``python -m tests.architecture.freeze_events`` when a release brings new types; a test
holds every later state of the catalog against it.
"""

import json
from pathlib import Path

from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES

FROZEN = Path(__file__).with_name("events-v1.json")


def main() -> None:
    schemas = build_catalog(FEATURES).schemas()
    FROZEN.write_text(json.dumps(schemas, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
