"""What the old stores hold, however imperfect, arrives in both of the new ones."""

import json
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.features.legacy.house import House
from tests.features.legacy.importing.test_importer import Imports
from tests.features.legacy.sources.corpus import EXAMPLES, REFUSED_KEYS, REFUSED_TEXTS, SOUND
from tests.features.legacy.sources.test_sqlite_file import EVERYTHING, SCHEMA, made
from tests.storage.dumps import rows_of
from yabot.features.legacy.sources.recognition import recognize
from yabot.features.users.tables import user_profiles

FIRST = 700_000_100


@pytest.fixture
def imports(house: House, tmp_path: Path) -> Any:
    with ExitStack() as stack:
        yield Imports(house, tmp_path / "db.json", tmp_path / "legacy", stack)


@pytest.mark.criterion("5.4.2")
async def test_every_imperfect_user_arrives(imports: Imports) -> None:
    members = {str(FIRST + number): each.text for number, each in enumerate(EXAMPLES)}
    refused = {key: json.dumps(SOUND) for key in REFUSED_KEYS.values()} | {
        str(FIRST - 1 - number): text for number, text in enumerate(REFUSED_TEXTS.values())
    }
    told = {json.dumps(key): text for key, text in (refused | members).items()}
    imports.path.write_text("{" + ",\n".join(f"{key}: {text}" for key, text in told.items()) + "}")
    report = await imports.run()
    assert report.outcomes == {"imported": len(members)}
    assert report.refused == len(refused)
    assert report.besitos.refused == 12 * len(REFUSED_KEYS)
    assert report.reconciles
    services = imports.house.world.services
    assert {row["user_id"] for row in await rows_of(services.database, user_profiles)} == {*members}
    await imports.house.catch_up()
    assert await services.documents["users"].count_documents({}) == len(members)
    assert await imports.house.audits() == []
    again = await imports.run()
    assert again.outcomes == {"unchanged": len(members)}
    assert again.reconciles


@pytest.mark.criterion("5.4.2")
async def test_the_users_of_the_bot_before_the_old_one_arrive(imports: Imports) -> None:
    made(imports.path, SCHEMA, EVERYTHING)
    imports.source = recognize(imports.path)
    report = await imports.run()
    assert report.outcomes == {"imported": 2}
    assert report.besitos.said == Decimal("15.75")
    assert report.besitos.mended == {"rounded_down": Decimal("0.75")}
    assert report.reconciles
    ana = await imports.house.ours("700000007")
    assert (ana.first_name, ana.kisses, ana.role) == ("Ana", 12, "vip")
    assert set(ana.inventory) == {"llave_jardin", "pista_01"}
    assert ana.fragment == "L1_S2"
    assert ana.choices == {"L1_S1": "4"}
