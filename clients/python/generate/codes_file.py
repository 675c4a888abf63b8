"""``codes.py``: a class for each code that the document names."""

from collections.abc import Mapping
from typing import Any

from generate.formatting import docstring, head

IMPORTS = "from collections.abc import Mapping\n\nfrom yabot_client.errors import Refused\n"


def class_of(code: str) -> str:
    return "".join(part.capitalize() for part in code.split("_"))


def codes_file(document: Mapping[str, Any]) -> str:
    examples = document["components"]["examples"]
    classes = [
        f"class {class_of(code)}(Refused):\n{docstring([examples[code]['summary']], 1)}\n"
        for code in sorted(examples)
    ]
    entries = "".join(f'    "{code}": {class_of(code)},\n' for code in sorted(examples))
    by_code = f"CODES: Mapping[str, type[Refused]] = {{\n{entries}}}\n"
    about = "What the API may refuse: a class for each code that its document names."
    return "\n".join([head(about), IMPORTS, *classes, by_code])
