"""Types that are built when they are first used are those that aiogram would have built."""

import json
import subprocess
import sys

PROGRAM = """
import inspect, json, re, sys
from pydantic import BaseModel
from yabot.bot.unbuilt import import_aiogram
if "unbuilt" in sys.argv:
    import_aiogram()
import aiogram.methods, aiogram.types
found = {}
for module in (aiogram.types, aiogram.methods):
    for name, model in vars(module).items():
        if inspect.isclass(model) and issubclass(model, BaseModel):
            was_complete = model.__pydantic_complete__
            model.model_rebuild()
            assert model.__pydantic_complete__, name
            fields = model.model_fields.items()
            fields = {key: re.sub(' at 0x.*?>', '', repr(field)) for key, field in fields}
            found[f"{module.__name__}.{name}"] = (was_complete, fields)
print(json.dumps(found))
"""


def _types(*how: str) -> dict[str, tuple[bool, dict[str, str]]]:
    """Whether each was built at the import, and its fields when it is."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *how], capture_output=True, check=True)
    found: dict[str, tuple[bool, dict[str, str]]] = json.loads(done.stdout)
    return found


def test_each_type_can_be_built_later_and_has_the_same_fields() -> None:
    built, unbuilt = _types(), _types("unbuilt")
    assert {name: fields for name, (_, fields) in unbuilt.items()} == {
        name: fields for name, (_, fields) in built.items()
    }
    complete = {name for name, (is_complete, _) in unbuilt.items() if is_complete}
    assert "aiogram.types.Update" in complete
    assert "aiogram.types.Message" not in complete
