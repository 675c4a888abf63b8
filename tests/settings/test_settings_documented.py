"""The model, .env.example and docs/configuration.md tell the same."""

import re
from pathlib import Path

import pytest

from yabot.settings import ConfigManager
from yabot.settings.reference import Variable, variables

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text()
PAGE = (ROOT / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("variable", variables(), ids=lambda v: v.name)
def test_the_page_has_the_row_of_each_variable(variable: Variable) -> None:
    value = variable.value.replace("<", "&lt;")
    row = f"| `{variable.name}` | {variable.about} | {value} | {variable.default} |"
    assert row in PAGE.splitlines()


@pytest.mark.parametrize("variable", variables(), ids=lambda v: v.name)
def test_the_example_explains_each_variable(variable: Variable) -> None:
    before, _, _ = EXAMPLE.partition(f"\n#{variable.name}=")
    comment = re.sub(r"\n# ", " ", before.rpartition("\n\n")[2])
    assert f"{variable.about} Value: {variable.value}." in comment


def test_page_and_example_name_nothing_else() -> None:
    names = [variable.name for variable in variables()]
    tables = PAGE.partition("## General")[2]
    assert re.findall(r"^\| `([A-Z_]+)` \|", tables, re.MULTILINE) == names
    assert re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE) == names


def test_the_example_with_every_line_in_use_is_the_default(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE, flags=re.MULTILINE))
    assert ConfigManager({}, file).load() == ConfigManager({}, None).load()
