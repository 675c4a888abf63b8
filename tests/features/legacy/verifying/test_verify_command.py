"""`yabot legacy verify`, as an operator types it."""

import json
from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.features.legacy.old_bot import FIRST_ID, OldBot, write_old_store

USERS = 40


@pytest.fixture
def store(tmp_path: Path) -> OldBot:
    bot = OldBot(tmp_path / "db.json")
    write_old_store(bot.path, users=USERS, seed=5)
    return bot


@pytest.mark.slow
@pytest.mark.criterion("5.4.2", "5.4.3")
def test_says_whether_both_sides_agree_and_where_they_do_not(
    new_program: NewProgram, mongodb_uri: str, mongo_database: str, store: OldBot
) -> None:
    settings = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": mongo_database}

    def legacy(command: str, *arguments: str, code: int = 0) -> Program:
        program = new_program("legacy", command, *arguments, name=command, **settings)
        program.data = program.folder.parent / "data"
        program.settings["YABOT_DATA_DIR"] = str(program.data)
        for output in ("out", "err"):
            (program.folder / output).unlink(missing_ok=True)
        assert program.run() == code, program.errors
        return program

    legacy("import", str(store.path))
    # Without a name it is what was imported last.
    clean = legacy("verify")
    assert clean.lines[0] == f"Looked at all users: {USERS} users are the same."
    assert "the same." in clean.lines[1]

    profile = store.get_user_profile(FIRST_ID)
    store.save_user_profile(profile | {"kisses": profile["kisses"] + 4, "first_name": "Secreta"})
    store.get_user_profile(5)
    there, here = profile["kisses"] + 4, profile["kisses"]
    wrong = legacy("verify", str(store.path), code=1)
    assert f"user {FIRST_ID}, kisses: {there} in the old store, {here} here" in wrong.lines
    assert f"user {FIRST_ID}, first_name: differs" in wrong.lines
    assert "user 5 is in the old store only" in wrong.lines
    assert "Secreta" not in wrong.said + wrong.errors

    told = json.loads(legacy("verify", "--sample", str(USERS), "--json", code=1).said)
    assert told["clean"] is False
    assert told["sample"] == USERS == sum(told["users"].values())
    assert "Secreta" not in json.dumps(told)

    legacy("import", str(store.path))
    assert legacy("verify").lines[0] == f"Looked at all users: {USERS + 1} users are the same."


def test_what_is_no_old_store_is_refused_in_a_sentence(new_program: NewProgram) -> None:
    program = new_program("legacy", "verify", "nowhere.json", MONGODB_URI="mongodb://127.0.0.1:1/")
    assert program.run() == 1
    assert program.sentences == [f"{program.folder / 'nowhere.json'} is not there"]
