"""What other tests lean on: the old bot does what the issue says of it."""

import json
from pathlib import Path

from tests.features.legacy.old_bot import (
    FIRST_ID,
    IMPERFECTIONS,
    OldBot,
    new_profile,
    old_users,
    work,
    write_old_store,
)


def test_creates_and_saves_whom_it_does_not_know(tmp_path: Path) -> None:
    bot = OldBot(tmp_path / "db.json")
    assert bot.get_user_profile(7) == new_profile(7)
    assert json.loads(bot.path.read_text()) == {"7": new_profile(7)}


def test_rewrites_the_file_in_place(tmp_path: Path) -> None:
    bot = OldBot(tmp_path / "db.json")
    write_old_store(bot.path, users=3)
    file = bot.path.stat().st_ino
    before = dict(old_users(3))
    profile = bot.get_user_profile(FIRST_ID + 1) | {"kisses": 77}
    bot.save_user_profile(profile)
    assert json.loads(bot.path.read_text()) == before | {str(FIRST_ID + 1): profile}
    assert bot.path.stat().st_ino == file


def test_generates_the_same_file_again(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_old_store(tmp_path / name, users=300, seed=4, imperfect=0.5)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert json.loads((tmp_path / "one").read_text()) == dict(old_users(300, seed=4, imperfect=0.5))


def test_every_imperfection_can_be_written() -> None:
    for spoil in IMPERFECTIONS.values():
        key, value = spoil(new_profile(7))
        json.loads(json.dumps({key: value}))


def test_says_what_its_readers_have_gained(tmp_path: Path) -> None:
    bot = OldBot(tmp_path / "db.json")
    write_old_store(bot.path, users=4)
    before = {int(key): value["kisses"] for key, value in old_users(4)}
    gained = work(bot.get_user_profile, bot.save_user_profile, [*before], turns=40, seed=1)
    after = {int(key): each["kisses"] for key, each in json.loads(bot.path.read_text()).items()}
    assert after == {reader: kisses + gained[reader] for reader, kisses in before.items()}
    assert gained.total()
