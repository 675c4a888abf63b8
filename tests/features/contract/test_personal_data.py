"""Whatever a table or a document keeps of a reader is shown by /mydata, and goes with /forget."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Table

from tests.features.contract.rows import add, column_of_user, marks_in, row_about
from tests.features.harness import Harness
from tests.storage.dumps import rows_of
from yabot.app.features import FEATURES
from yabot.app.stores import schema_of
from yabot.feature import Feature
from yabot.features.users.service import UserService

TABLES = [table for table in schema_of(FEATURES).tables if column_of_user(table) is not None]
# A row is there from the beginning, or whose it is says another table.
OWN_ROW = {"user_profiles", "user_counters"}


def exceptions(harness: Harness, what: str) -> Iterator[Table]:
    for part in harness.services.personal_data.values():
        yield from getattr(part, what)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_row_about_a_reader_is_shown_and_goes(harness: Harness, table: Table) -> None:
    ana, berta = await harness.join("Ana"), await harness.join("Berta")
    database = harness.services.database
    marks = []
    if table.name not in OWN_ROW:
        row = row_about(table, ana.user_id)
        await database.write(add(table, row))
        marks = marks_in(row)
        shown = json.dumps(await ana.own_data(), ensure_ascii=False).replace('\\"', '"')
        is_shown = any(mark in shown for mark in marks)
        assert is_shown != (table in exceptions(harness, "unshown")), f"{table.name} in /mydata"
    await ana.forget()
    whose = column_of_user(table)
    assert whose is not None
    rows = [row for row in await rows_of(database, table) if f"{row[whose.name]}" == ana.user_id]
    # The deletion of the document is a row without one, on its way to MongoDB.
    left = [row for row in rows if row.get("document", "") is not None]
    assert left == [] or table in exceptions(harness, "stays"), f"{table.name} after /forget"
    assert (await berta.own_data())["profile"]["first_name"] == "Berta"


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
async def test_a_part_of_the_document_is_shown_and_goes(harness: Harness, feature: Feature) -> None:
    ana = await harness.join()
    for part in feature.state:
        shown = (await ana.own_data())["state"]
        for name in part.path.split("."):
            shown = shown[name]
        assert shown == part.model().model_dump(mode="json")
    await ana.forget()
    await ana.say("/start")
    state = await harness.services[UserService].state(await ana.user())
    assert [part.of(state) for part in feature.state] == [part.model() for part in feature.state]


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
async def test_who_keeps_something_says_so_in_privacy(harness: Harness, feature: Feature) -> None:
    keeps = bool(feature.state) or any(
        column_of_user(table) is not None for table in feature.tables
    )
    part = harness.services.personal_data.get(feature.name)
    told = part.privacy if part is not None else None
    assert told is not None or not keeps, f"{feature.name} keeps data of readers, and is silent"
    for language in ("es", "en"):
        (page,) = await (await harness.join("Ana", language)).say("/privacy")
        t = harness.services.texts.localizer(language)
        for key in (told.keeps, told.lasts, told.forget) if told else ():
            assert key is None or t(key) in page
