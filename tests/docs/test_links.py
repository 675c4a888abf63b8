"""A link in the docs leads somewhere: to a file that there is, and to a heading in it."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "clients" / "python" / "README.md",
)
FENCED = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(
    r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE
)
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
ADDRESS = re.compile(r"[a-z]+:")


def dead_links(page: Path) -> Iterator[str]:
    prose = CODE.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))
    for found in LINK.finditer(prose):
        link = found[1] or found[2]
        if ADDRESS.match(link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists():
            yield f"{link}: there is no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors_of(target):
            yield f"{link}: no heading of {target.name} has that anchor"


@cache
def anchors_of(page: Path) -> frozenset[str]:
    return frozenset(anchors(page.read_text(encoding="utf-8")))


def anchors(page: str) -> Iterator[str]:
    """As GitHub makes them: one that is there already gets a number."""
    seen: dict[str, int] = {}
    for heading in HEADING.findall(FENCED.sub("", page)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        times = seen[slug] = seen.get(slug, -1) + 1
        yield f"{slug}-{times}" if times else slug


def test_anchors_are_those_of_github() -> None:
    page = "# What's new: `a_b` & [c](d.md#e)?\n```\n# not\n```\n## Años, 2\n## Años, 2 ##\n#no\n"
    assert list(anchors(page)) == ["whats-new-a_b--c", "años-2", "años-2-1"]


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("## There\n", encoding="utf-8")
    page.write_text(
        "# Here\n[a](other.md) [b](#here) [c](https://example.org/#x) `[d](none.md)`\n"
        "```\n[e](none.md)\n```\n[f](none.md) [g](other.md#here) ![h](#there)\n\n[i]: other.md#x\n",
        encoding="utf-8",
    )
    assert list(dead_links(page)) == [
        "none.md: there is no such file",
        "other.md#here: no heading of other.md has that anchor",
        "#there: no heading of page.md has that anchor",
        "other.md#x: no heading of other.md has that anchor",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(dead_links(page)) == []
