"""Which of the old stores a file is, and what it is told to be where it is none."""

import bz2
import gzip
import json
import lzma
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.features.legacy.sources.corpus import SOUND
from yabot.errors import InvalidInput
from yabot.features.legacy.sources.recognition import recognize

USERS = json.dumps({"7": SOUND})


@pytest.mark.parametrize(
    "content",
    [
        USERS.encode(),
        USERS.encode("utf-8-sig"),
        USERS.encode("utf-16"),
        b"\n\t {}",
        b'{"7": {"kis',
        b'{"7": 5, "ana": {}}',
        b'{"version": 3, "7": {"kisses": 1}}',
        b"{",
    ],
)
def test_the_old_bots_file_is_known_whatever_it_is_called(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "backup.sqlite"
    file.write_bytes(content)
    assert recognize(file).kind == "json"


def test_the_database_is_known_whatever_it_is_called(tmp_path: Path) -> None:
    assert recognize(_database(tmp_path / "db.json", "CREATE TABLE users (id)")).kind == "sqlite"


OTHERS = {
    "nothing": (b"", "is empty"),
    "white space": (b" \n", "nothing but white space"),
    "gzip": (gzip.compress(USERS.encode()), "gzip; decompress it first"),
    "bzip2": (bz2.compress(USERS.encode()), "bzip2; decompress it first"),
    "xz": (lzma.compress(USERS.encode()), "xz; decompress it first"),
    "zip": (b"PK\x03\x04", "zip archive; unpack it first"),
    "a list": (b'[{"telegram_id": "7"}]', "a JSON list"),
    "YAML": (b"---\n7:\n  kisses: 5\n", "YAML"),
    "a text": (b"7;Ana;5\n", "neither a JSON object nor a SQLite database"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "neither a JSON object nor a SQLite database"),
    "another object": (b'{"name": "yabot", "users": {"7": {}}}', "not the old bot's"),
    "half a header": (b"SQLite format 3\0" + b"x" * 200, "cannot be read"),
}


@pytest.mark.parametrize(("content", "words"), OTHERS.values(), ids=OTHERS.keys())
def test_what_is_none_is_told_in_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "db.json"
    file.write_bytes(content)
    _assert_refused(file, words)


def test_no_file_at_all(tmp_path: Path) -> None:
    _assert_refused(tmp_path / "db.json", "is not there")
    _assert_refused(tmp_path, "is a folder")
    os.mkfifo(tmp_path / "pipe")
    _assert_refused(tmp_path / "pipe", "is no file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    _assert_refused(tmp_path / "loop", "cannot be read: too many levels of symbolic links")


def test_somebody_elses_database(tmp_path: Path) -> None:
    for number, schema in enumerate(
        ["CREATE TABLE user_profiles (user_id)", "CREATE TABLE users (mail)"]
    ):
        file = _database(tmp_path / f"{number}.db", schema)
        _assert_refused(file, "no table users with ids of Telegram")


def _assert_refused(file: Path, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        recognize(file)
    said = str(refused.value)
    assert words in said
    assert said.startswith(str(file))
    assert "\n" not in said


def _database(file: Path, schema: str) -> Path:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(schema)
        connection.commit()
    return file
