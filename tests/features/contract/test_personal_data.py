"""Whatever a table or a document keeps of a reader is shown by /mydata, and goes with /forget."""

import json
from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError

from tests.complaints import complain
from tests.features.contract.rows import (
    ABOUT_NOBODY,
    LOOKED_THROUGH,
    add,
    column_of_user,
    is_found_by,
    marks_in,
    row_about,
)
from tests.features.harness import Harness, HarnessReader
from tests.storage.dumps import rows_of
from yabot.app.features import FEATURES
from yabot.app.stores import schema_of
from yabot.bot.localization import LANGUAGES
from yabot.feature import Feature
from yabot.features.users.service import UserService

ALL_TABLES = schema_of(FEATURES).tables
TABLES = [table for table in ALL_TABLES if column_of_user(table) is not None]
# A row is there from the beginning, or whose it is says another table.
OWN_ROW = {"user_profiles", "user_counters"}


def exceptions(harness: Harness, what: str) -> Iterator[Table]:
    for part in harness.services.personal_data.values():
        yield from getattr(part, what)


def test_it_is_known_of_every_table_whether_it_is_about_readers() -> None:
    others = {table.name for table in ALL_TABLES} - {table.name for table in TABLES}
    complain(
        f"nobody knows whose the rows of {name} are: call the column of the reader's id `user_id`, "
        "or name the table in ABOUT_NOBODY of tests/features/contract/rows.py"
        for name in sorted(others - ABOUT_NOBODY)
    )
    assert others >= ABOUT_NOBODY, "a name that no such table has any more"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_reader_s_rows_are_found_without_a_look_at_all_of_them(table: Table) -> None:
    whose = column_of_user(table)
    assert whose is not None
    if not is_found_by(table, whose) and table.name not in LOOKED_THROUGH:
        complain(
            [
                f"{table.name} finds a reader's rows by looking at everybody's: begin its primary "
                f"key or an index with {whose.name}, in tables.py and in the migration"
            ]
        )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_row_about_a_reader_is_shown_and_goes(harness: Harness, table: Table) -> None:
    ana, berta = await harness.join("Ana"), await harness.join("Berta")
    if table.name not in OWN_ROW:
        row = row_about(table, ana.user_id)
        await harness.services.database.write(add(table, row))
        complain(await _not_json(ana))
        complain(await _not_shown(ana, table, marks_in(row)))
    complain(await _left_behind(ana, table))
    assert (await berta.own_data())["profile"]["first_name"] == "Berta"


async def _not_json(reader: HarnessReader) -> list[str]:
    found = []
    for owner, part in reader.harness.services.personal_data.items():
        exported = await part.export(reader.user_id)
        try:
            json.dumps(exported)
        except TypeError as error:
            found.append(
                f"the `export` of {owner}'s personal_data is not ready for JSON: {error}; give a "
                "moment or a day by its isoformat()"
            )
    return found


async def _not_shown(reader: HarnessReader, table: Table, marks: Mapping[str, str]) -> list[str]:
    """Of a feature's table each column has to be there; of the framework's, which keep much that is
    about their work, any.
    """
    shown = json.dumps(await reader.own_data(), ensure_ascii=False).replace('\\"', '"')
    lacking = [name for name, mark in marks.items() if mark not in shown]
    is_told_otherwise = table in exceptions(reader.harness, "unshown")
    if is_told_otherwise and len(lacking) < len(marks):
        return [f"/mydata shows what {table.name} keeps: take the table out of `unshown`"]
    is_of_feature = any(table in each.tables for each in FEATURES)
    if lacking and not is_told_otherwise and (is_of_feature or len(lacking) == len(marks)):
        return [
            f"/mydata does not show what {table.name} keeps of a reader ({', '.join(lacking)}): "
            f"give it in the `export` of {_owner(table)}, or name the table in `unshown`"
        ]
    return []


async def _left_behind(reader: HarnessReader, table: Table) -> list[str]:
    said = (
        f"/forget left rows in {table.name}: remove them in the `erase` of {_owner(table)}, or "
        "name the table in `stays`"
    )
    try:
        await reader.forget()
    except IntegrityError:
        # What is left refers to a profile that is to go.
        return [said]
    whose = column_of_user(table)
    assert whose is not None
    rows = await rows_of(reader.harness.services.database, table)
    left = [row for row in rows if f"{row[whose.name]}" == reader.user_id]
    # The deletion of the document is a row without one, on its way to MongoDB.
    is_left = any(row.get("document", "") is not None for row in left)
    return [said] if is_left and table not in exceptions(reader.harness, "stays") else []


def _owner(table: Table) -> str:
    whose = next((each.name for each in FEATURES if table in each.tables), "the framework")
    return f"{whose}'s personal_data"


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
    kept = [table.name for table in feature.tables if column_of_user(table) is not None]
    kept += [part.path for part in feature.state]
    part = harness.services.personal_data.get(feature.name)
    told = part.privacy if part is not None else None
    if kept and told is None:
        complain(
            [
                f"{feature.name} keeps data of readers ({', '.join(kept)}), and /privacy is silent "
                "of it: give its FEATURE `personal_data` with a Privacy"
            ]
        )
    for language in LANGUAGES:
        (page,) = await (await harness.join("Ana", language)).say("/privacy")
        t = harness.services.texts.localizer(language)
        keys = (told.keeps, told.lasts, told.forget) if told else ()
        complain(
            f"{feature.name}: /privacy lacks {key} in {language}"
            for key in keys
            if key is not None and t(key) not in page
        )
