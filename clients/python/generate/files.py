"""The files that come of the document, as they are committed."""

from pathlib import Path

from generate.codes_file import codes_file
from generate.document import read_operations
from generate.formatting import formatted
from generate.operations_file import ASYNC, SYNC, operations_file
from generate.types_file import types_file
from yabot.app.api import openapi_document
from yabot.app.features import FEATURES

FOLDER = Path(__file__).parents[1] / "src" / "yabot_client"


def generated() -> dict[str, str]:
    """The text of each, by its name in ``FOLDER``."""
    document = openapi_document(FEATURES)
    schemas = document["components"]["schemas"]
    operations = read_operations(document)
    texts = {
        "types.py": types_file(schemas),
        "operations.py": operations_file(operations, schemas, SYNC),
        "async_operations.py": operations_file(operations, schemas, ASYNC),
        "codes.py": codes_file(document),
    }
    return {name: formatted(text, FOLDER / name) for name, text in texts.items()}
