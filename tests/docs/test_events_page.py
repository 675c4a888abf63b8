"""docs/events.md is what the catalog says, and the page says what consumers have to know."""

import json
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, Field
from typer.testing import CliRunner

from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.cli.events import app
from yabot.events.catalog import Catalog
from yabot.events.documentation import events_page
from yabot.events.envelope import EventPayload

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


class Place(BaseModel):
    town: str


class Moved(EventPayload):
    """Somebody lives elsewhere."""

    event_type: ClassVar[str] = "moved"
    version: ClassVar[int] = 3

    to: Place = Field(description="the new home")
    by: Literal["car", "train"] | None = None
    boxes: tuple[int, ...] = ()


def test_the_page_in_the_docs_is_the_catalog() -> None:
    page = events_page(build_catalog(FEATURES))
    assert PAGE.read_text(encoding="utf-8") == page, (
        "the catalog has changed: `yabot events catalog --output docs/events.md`"
    )


def test_it_is_written_whole_and_may_be_read_by_whoever_could(tmp_path: Path) -> None:
    page = tmp_path / "events.md"
    page.write_text("the page of before")
    page.chmod(0o644)
    (tmp_path / "link.md").symlink_to(page)
    before = page.stat().st_ino
    done = CliRunner().invoke(app, ["catalog", "--output", str(tmp_path / "link.md")])
    assert (done.exit_code, done.output) == (0, "")
    assert page.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    # Another file has come in its place.
    assert page.stat().st_ino != before
    assert page.stat().st_mode & 0o777 == 0o644
    assert sorted(each.name for each in tmp_path.iterdir()) == ["events.md", "link.md"]


def test_a_type_shows_its_version_meaning_and_fields() -> None:
    section = events_page(Catalog([Moved])).partition("## moved\n")[2]
    assert section.splitlines()[1:] == [
        "Version 3. Somebody lives elsewhere.",
        "",
        "| field | type | | |",
        "| --- | --- | --- | --- |",
        "| `to` | object |  | the new home |",
        "| `to.town` | string |  |  |",
        "| `by` | `car` or `train` | may be absent |  |",
        "| `boxes` | list of integer |  |  |",
    ]


def test_every_field_of_the_envelope_has_a_meaning() -> None:
    head = events_page(Catalog([])).partition("## The envelope")[2]
    rows = [line for line in head.splitlines() if line.startswith("| `")]
    assert len(rows) == 10
    assert not [row for row in rows if row.endswith("|  |")]


def test_the_command_prints_the_page_and_the_schemas() -> None:
    assert CliRunner().invoke(app, ["catalog"]).stdout == PAGE.read_text(encoding="utf-8")
    schemas = json.loads(CliRunner().invoke(app, ["catalog", "--json"]).stdout)
    assert schemas["decision_made"]["payload"]["required"] == ["choice_id", "context"]
