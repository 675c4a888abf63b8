"""A table in the docs is one: a row behind a blank line is shown as bars and text."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
RULE = re.compile(r"\|( *:?-+:? *\|)+")


def loose_rows(page: str) -> Iterator[str]:
    """First rows that have no rule below them, outside of fenced code."""
    prose = re.sub(r"^( *)```.*?^\1```$", "", page, flags=re.DOTALL | re.MULTILINE)
    lines = ["", *(line.strip() for line in prose.splitlines()), ""]
    for (above, row), (_, below) in pairwise(pairwise(lines)):
        if row.startswith("|") and not above.startswith("|") and not RULE.fullmatch(below):
            yield row


def test_a_row_behind_a_blank_line_is_found() -> None:
    table = "| a | b |\n| --- | :-: |\n| 1 | 2 |\n"
    code = f"```\n{table.replace('-', 'x')}```\n"
    assert list(loose_rows(f"{table}\n{code}\n| 3 | 4 |\n")) == ["| 3 | 4 |"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_table_is_cut(page: Path) -> None:
    assert list(loose_rows(page.read_text(encoding="utf-8"))) == []
