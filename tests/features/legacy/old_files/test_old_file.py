"""The old bot's file is replaced as a whole, or stays as it is."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.features.legacy.old_bot import old_users, tear, write_old_store
from yabot.features.legacy.old_files import old_file
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable
from yabot.features.legacy.sources.fingerprint import content_of, state_of
from yabot.features.legacy.sources.json_scanner import LONGEST_MEMBER

USERS: dict[str, Any] = {
    "7": {"telegram_id": 7, "first_name": "José", "kisses": "5", "metadata": {"a": [1, {}]}},
    "8": {"telegram_id": 8, "first_name": "李", "kisses": 1e2, "metadata": {}},
}


def stored(path: Path, **how: Any) -> tuple[str, str]:
    path.write_text(json.dumps(USERS, **how))
    return read(path)


def read(path: Path) -> tuple[str, str]:
    """What tells that nobody has written since."""
    return state_of(path).text, content_of(path)


def rewrite(path: Path, changes: dict[str, Any], seen: tuple[str, str]) -> None:
    old_file.rewrite(path, changes, *seen)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"ensure_ascii": False},
        {"indent": 4},
        {"indent": 2, "ensure_ascii": False},
        {"indent": "\t"},
        {"separators": (",", ":")},
    ],
)
def test_the_file_keeps_its_format(tmp_path: Path, how: dict[str, Any]) -> None:
    path = tmp_path / "db.json"
    seen = stored(path, **how)
    changed = USERS["8"] | {"kisses": 101, "inventory": ["llave ñ"]}
    rewrite(path, {"8": changed, "9": {"kisses": 1}}, seen)
    after = {**USERS, "8": changed, "9": {"kisses": 1}}
    assert path.read_text() == json.dumps(after, **how)


def test_others_stay_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    path.write_text('{"7": {"a" :1.50,  "b":"\\u00f1"}, "8": {}}\n')
    rewrite(path, {"8": {"kisses": 1}}, read(path))
    assert path.read_text() == '{"7": {"a" :1.50,  "b":"\\u00f1"}, "8": {"kisses": 1}}\n'


def test_a_user_can_be_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    rewrite(path, {"7": None, "12": None}, stored(path))
    assert json.loads(path.read_text()) == {"8": USERS["8"]}
    rewrite(path, {"8": None}, read(path))
    assert json.loads(path.read_text()) == {}


def test_every_mention_of_a_user_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    path.write_text('{"7": {"kisses": 1}, "8": {}, "7": {"kisses": 2}}')
    rewrite(path, {"7": {"kisses": 3}}, read(path))
    assert json.loads(path.read_text()) == {"7": {"kisses": 3}, "8": {}}
    assert path.read_text().count('"kisses": 3') == 2


def test_who_wrote_meanwhile_has_written(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    seen = stored(path)
    # Within one tick of the clock, and as long as before.
    later = path.read_text().replace("100.0", "101.0")
    with path.open("r+") as file:
        file.write(later)
    os.utime(path, ns=(1, int(seen[0].rpartition(":")[2])))
    with pytest.raises(OldFileBusy):
        rewrite(path, {"8": {}}, seen)
    assert path.read_text() == later
    assert [*tmp_path.iterdir()] == [path]


def test_a_torn_file_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    write_old_store(path, users=20)
    tear(path)
    torn = path.read_bytes()
    with pytest.raises(OldFileUnusable, match="torn"):
        rewrite(path, {"8": {}}, read(path))
    assert path.read_bytes() == torn
    assert [*tmp_path.iterdir()] == [path]


def test_mode_and_owner_are_kept_and_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    target, link = tmp_path / "data" / "users.json", tmp_path / "db.json"
    stored(target)
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 1234, 4321)
    link.symlink_to(target)
    before = target.stat()
    rewrite(link, {"8": {}}, read(target))
    after = target.stat()
    assert link.is_symlink()
    assert json.loads(target.read_text())["8"] == {}
    for name in ("st_mode", "st_uid", "st_gid"):
        assert getattr(after, name) == getattr(before, name)


def test_what_a_killed_write_has_left_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    seen = stored(path)
    (tmp_path / ".db.json.yabot-1234").write_text("{")
    rewrite(path, {"8": {}}, seen)
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.standard
def test_nobody_is_lost_where_there_are_many(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    write_old_store(path, users=3000)
    rewrite(path, {"8": {}}, read(path))
    assert json.loads(path.read_text()) == {**dict(old_users(3000)), "8": {}}


@pytest.mark.standard
def test_whoever_is_too_large_for_us_stays_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    users = {"": {}, "7": {"metadata": {"photo": "x" * (LONGEST_MEMBER * 5 // 2)}}, "8": {}}
    path.write_text(json.dumps(users))
    rewrite(path, {"8": {"kisses": 1}}, read(path))
    assert json.loads(path.read_text()) == users | {"8": {"kisses": 1}}


@pytest.mark.parametrize("indent", [None, 2])
def test_half_a_surrogate_pair_is_written_as_an_escape(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "db.json"
    seen = stored(path, ensure_ascii=False, indent=indent)
    rewrite(path, {"8": {"first_name": "Ana \ud83d"}}, seen)
    assert "José" in path.read_text()
    assert json.loads(path.read_text())["8"] == {"first_name": "Ana \ud83d"}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-32"])
def test_a_file_that_is_not_in_utf_8_is_not_written(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "db.json"
    users = {"7": USERS["7"], "8": {"kisses": 1}}
    path.write_text(json.dumps(users, ensure_ascii=False), encoding=encoding)
    before = path.read_bytes()
    with pytest.raises(OldFileUnusable, match="not in UTF-8"):
        rewrite(path, {"8": {"kisses": 2}}, read(path))
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    path.write_text(json.dumps(USERS, indent=2, ensure_ascii=False), encoding="utf-8-sig")
    rewrite(path, {"8": {"kisses": 2}}, read(path))
    after = json.dumps({**USERS, "8": {"kisses": 2}}, indent=2, ensure_ascii=False)
    assert path.read_bytes() == after.encode("utf-8-sig")
