"""An import beside a running bot: its readers read on, and whoever is imported hears nothing."""

import json
from pathlib import Path

import pytest

from tests.e2e.invariants import verify
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import Reader, readers
from tests.features.besitos.beside import grant
from tests.features.legacy.old_bot import FIRST_ID, new_profile, old_users
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

USERS = 400


@pytest.mark.criterion("5.4.1", "5.4.2")
async def test_readers_play_on_while_others_are_imported(
    mortal: Program, new_program: NewProgram, tmp_path: Path
) -> None:
    async with readers(mortal.url, "Lucía", "Ana") as (reader, both):
        await reader.ask("/story")
        await both.ask("/story")
        await grant(mortal.stores, both.user_id, 10)
        store = tmp_path / "db.json"
        theirs = new_profile(both.user_id) | {"kisses": 7}
        users = dict(old_users(USERS, seed=8)) | {str(both.user_id): theirs}
        store.write_text(json.dumps(users))
        importing = new_program("legacy", "import", str(store), name="beside", **mortal.settings)

        importing.launch(KillPoint("log", "unit.committed", 2, "wait"))
        wait_until(lambda: KillPoint.is_waited_at(importing.kill_file))
        await plays(reader)
        KillPoint.disarm(importing.kill_file)
        while (code := importing.exit_code(0)) is None:
            await plays(reader)
        assert code == 0, importing.tail()
        assert "merged with what was here" in importing.said
        await plays(both)

        stores = mortal.stores
        verify(stores)
        assert stores.value("SELECT count(*) FROM legacy_users") == USERS + 1
        balance = "SELECT balance FROM accounts WHERE user_id = ?"
        assert stores.value(balance, str(both.user_id)) >= 17
        imported = (FIRST_ID, FIRST_ID + USERS)
        told = "SELECT count(*) FROM outgoing WHERE chat_id BETWEEN ? AND ?"
        assert stores.value(told, *imported) == 0
        assert stores.value("SELECT count(*) FROM dead_letters") == 0


async def plays(reader: Reader) -> None:
    """Answered each time."""
    assert await reader.ask("/balance")
    assert await reader.ask("/story")
