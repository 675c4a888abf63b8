"""Writes the API as it is now to ``openapi-v1.json``: what is in it, is promised.

Run with ``python -m tests.architecture.freeze_api`` when a release brings new operations; a test
holds every later state of the document against it.
"""

import json
from pathlib import Path
from typing import Any

from yabot.app.api import openapi_document
from yabot.app.features import FEATURES

FROZEN = Path(__file__).with_name("openapi-v1.json")


# Nobody's program breaks by other words.
FOR_PEOPLE = ("description", "summary", "example", "value", "tags", "info")


def main() -> None:
    promised = without_words(openapi_document(FEATURES))
    FROZEN.write_text(f"{json.dumps(promised, indent=1)}\n", encoding="utf-8")


def without_words(part: Any) -> Any:
    if isinstance(part, list):
        return [without_words(each) for each in part]
    if not isinstance(part, dict):
        return part
    # What bears such a name itself is a schema or a map of schemas.
    return {
        name: without_words(inner)
        for name, inner in part.items()
        if name not in FOR_PEOPLE or (name != "info" and isinstance(inner, dict))
    }


if __name__ == "__main__":
    main()
