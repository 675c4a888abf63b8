"""The old store by user: made from a copy, brought up to date, and never more than needed."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.features.legacy.old_bot import FIRST_ID, old_users, tear, write_old_store
from yabot.errors import StoreUnavailable
from yabot.features.legacy.snapshots.snapshot import FILE, Snapshot
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.port import Entry

# Stores large enough to be read in parts.
pytestmark = pytest.mark.standard


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "db.json"
    write_old_store(path, users=1200, seed=3)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "legacy"


def contents(snapshot: Snapshot) -> dict[str, Any]:
    found: dict[str, Any] = {}
    after = ""
    while page := snapshot.page(after, 500):
        found |= {each.key: json.loads(each.text) for each in page}
        after = page[-1].key
    return found


def keys(entries: list[Entry]) -> list[str]:
    return [each.key for each in entries]


def rewrite(store: Path, change: dict[str, Any]) -> None:
    store.write_text(json.dumps(json.loads(store.read_text()) | change))


def test_has_every_user_of_the_store(store: Path, folder: Path) -> None:
    with closing(Snapshot.take(JsonFile(), store, folder)) as snapshot:
        assert contents(snapshot) == dict(old_users(1200, seed=3))
        assert (snapshot.count, snapshot.passed_over, snapshot.damage) == (1200, 0, None)
        assert snapshot.find(str(FIRST_ID)) is not None
        assert snapshot.find("7") is None


def test_is_nobody_elses(store: Path, folder: Path) -> None:
    with closing(Snapshot.take(JsonFile(), store, folder)):
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes[FILE] == 0o600
    assert not any(mode & 0o077 for mode in modes.values())
    assert "store.copy" not in modes


def test_keeps_the_later_of_two_as_the_old_bot_does(tmp_path: Path, folder: Path) -> None:
    store = tmp_path / "db.json"
    store.write_text('{"7": {"kisses": 1}, "8": {"kisses": 2}, "7": {"kisses": 3}}')
    with closing(Snapshot.take(JsonFile(), store, folder)) as snapshot:
        assert contents(snapshot) == json.loads(store.read_text())
        assert snapshot.doubled("", 10) == ["7"]
        assert snapshot.passed_over == 1


def test_reads_nothing_of_what_has_not_changed(store: Path, folder: Path) -> None:
    read: list[int] = []
    Snapshot.take(JsonFile(), store, folder, read.append).close()
    assert read[-1] == 1200
    read.clear()
    with closing(Snapshot.take(JsonFile(), store, folder, read.append)) as snapshot:
        assert snapshot.generation == 1
    # Written anew, and the same.
    store.write_bytes(store.read_bytes())
    Snapshot.take(JsonFile(), store, folder, read.append).close()
    assert read == []


def test_says_what_has_changed(store: Path, folder: Path) -> None:
    Snapshot.take(JsonFile(), store, folder).close()
    changed, new = str(FIRST_ID + 5), "7"
    rewrite(store, {changed: {"kisses": 77}, new: {"kisses": 1}})
    with closing(Snapshot.take(JsonFile(), store, folder)) as snapshot:
        assert snapshot.generation == 2
        assert sorted(keys(snapshot.changed(1, "", 10))) == sorted([changed, new])
        assert snapshot.changed(2, "", 10) == []
        assert contents(snapshot) == json.loads(store.read_text())


def test_forgets_whom_the_store_does_not_have_any_more(store: Path, folder: Path) -> None:
    Snapshot.take(JsonFile(), store, folder).close()
    users = json.loads(store.read_text())
    del users[str(FIRST_ID)]
    store.write_text(json.dumps(users))
    with closing(Snapshot.take(JsonFile(), store, folder)) as snapshot:
        assert snapshot.find(str(FIRST_ID)) is None
        assert (snapshot.gone, snapshot.count) == (1, 1199)


@pytest.mark.standard
def test_keeps_what_stands_behind_a_tear(store: Path, folder: Path) -> None:
    Snapshot.take(JsonFile(), store, folder).close()
    tear(store, share=0.5)
    with closing(Snapshot.take(JsonFile(), store, folder)) as snapshot:
        assert snapshot.damage is not None
        assert contents(snapshot) == dict(old_users(1200, seed=3))


class Died(BaseException):
    """In the middle of the reading."""


def test_begins_again_where_it_has_died(store: Path, folder: Path) -> None:
    def die(_read: int) -> None:
        raise Died

    with pytest.raises(Died):
        Snapshot.take(JsonFile(), store, folder, die)
    assert Snapshot.open(folder) is None
    with closing(Snapshot.take(JsonFile(), store, folder)) as snapshot:
        assert contents(snapshot) == dict(old_users(1200, seed=3))
        assert snapshot.passed_over == 0


def test_nothing_is_left_of_who_was_removed(tmp_path: Path, folder: Path) -> None:
    store = tmp_path / "db.json"
    store.write_text(json.dumps({"7": {"first_name": "Perpetua"}, "8": {"first_name": "Ana"}}))
    with closing(Snapshot.take(JsonFile(), store, folder)) as snapshot:
        snapshot.remove("7")
        assert keys(snapshot.page("", 10)) == ["8"]
        assert not [each for each in folder.iterdir() if b"Perpetua" in each.read_bytes()]


def test_a_log_that_somebody_reads_is_told_until_nothing_is_left_in_it(
    tmp_path: Path, folder: Path
) -> None:
    store = tmp_path / "db.json"
    store.write_text(json.dumps({"7": {"first_name": "Perpetua"}, "8": {"first_name": "Ana"}}))
    with closing(Snapshot.take(JsonFile(), store, folder)) as snapshot:
        snapshot._connection.execute("PRAGMA busy_timeout = 0")
        with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM entries").fetchone()
            with pytest.raises(StoreUnavailable, match="somebody reads it"):
                snapshot.remove("7")
        snapshot.remove("7")
        assert keys(snapshot.page("", 10)) == ["8"]
        assert not [each for each in folder.iterdir() if b"Perpetua" in each.read_bytes()]


def test_another_process_reads_while_it_is_made(store: Path, folder: Path) -> None:
    Snapshot.take(JsonFile(), store, folder).close()
    rewrite(store, {"7": {"kisses": 1}})
    seen = []

    def look(_read: int) -> None:
        with closing(sqlite3.connect(folder / FILE, timeout=0)) as other:
            seen.append(other.execute("SELECT count(*) FROM entries").fetchone()[0])

    Snapshot.take(JsonFile(), store, folder, look).close()
    assert seen
    assert all(count >= 1200 for count in seen)
