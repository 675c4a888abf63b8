"""The database of the bot before the old one, read while that bot writes."""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yabot.errors import InvalidInput
from yabot.features.legacy.record import OldUser, Record, Refusal
from yabot.features.legacy.sources.port import Damage, Entry
from yabot.features.legacy.sources.recognition import recognize
from yabot.features.legacy.sources.sqlite_file import SqliteFile
from yabot.features.legacy.sources.sqlite_user import interpret

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT, first_name TEXT, last_name TEXT, points REAL,
    level INTEGER, achievements JSON, role TEXT, vip_expires_at DATETIME, created_at DATETIME
);
CREATE TABLE vip_subscriptions (
    user_id INTEGER PRIMARY KEY, expires_at DATETIME, reminder_sent BOOLEAN
);
CREATE TABLE lore_pieces (id INTEGER PRIMARY KEY, code_name TEXT, title TEXT);
CREATE TABLE user_lore_pieces (
    user_id INTEGER, lore_piece_id INTEGER, unlocked_at DATETIME, context JSON
);
CREATE TABLE user_narrative_states (
    user_id INTEGER PRIMARY KEY, current_fragment_key TEXT, visited_fragments JSON,
    choices_made JSON
);
"""
CHOICES = json.dumps([{"choice_id": 4, "source_fragment": "L1_S1", "timestamp": "2024-06-01"}])
EVERYTHING = f"""
INSERT INTO users VALUES (
    700000007, 'ana', 'Ana', 'García', 12.75, 3, '["primer_beso"]', 'free', NULL,
    '2024-05-01 10:00:00.000000'
);
INSERT INTO vip_subscriptions VALUES (700000007, '2027-03-01 10:00:00', 0);
INSERT INTO lore_pieces VALUES (1, 'llave_jardin', 'La llave'), (2, 'pista_01', 'Una pista');
INSERT INTO user_lore_pieces VALUES (700000007, 1, '2024-05-02', NULL);
INSERT INTO user_lore_pieces VALUES (700000007, 2, NULL, '{{}}');
INSERT INTO user_narrative_states VALUES (
    700000007, 'L1_S2', '["L1_S1", "L1_S2"]', '{CHOICES}'
);
INSERT INTO users (id, first_name, points) VALUES (8, 'Bea', 3);
"""
ANA = OldUser(
    user_id="700000007",
    first_name="Ana",
    last_name="García",
    username="ana",
    kisses=12,
    role="vip",
    vip_until=datetime(2027, 3, 1, 10, tzinfo=UTC),
    inventory=("llave_jardin", "pista_01"),
    achievements=("primer_beso",),
    fragment="L1_S2",
    visited=("L1_S1", "L1_S2"),
    choices={"L1_S1": "4"},
    registered_at=datetime(2024, 5, 1, 10, tzinfo=UTC),
)


def made(file: Path, *scripts: str, journal: str = "delete") -> Path:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        for each in scripts:
            connection.executescript(each)
        connection.commit()
    return file


def _read(file: Path) -> tuple[dict[str, Record | Refusal], list[Damage]]:
    found = list(SqliteFile().entries(file))
    users = {each.key: SqliteFile().interpret(each) for each in found if isinstance(each, Entry)}
    return users, [each for each in found if isinstance(each, Damage)]


def _one(file: Path, key: str) -> Record:
    found = _read(file)[0][key]
    assert isinstance(found, Record), found
    return found


def test_all_that_it_knows_of_a_user_is_read(tmp_path: Path) -> None:
    file = made(tmp_path / "bot.db", SCHEMA, EVERYTHING)
    users, damage = _read(file)
    assert (list(users), damage) == (["700000007", "8"], [])
    ana = users["700000007"]
    assert isinstance(ana, Record)
    assert ana.user.model_copy(update={"unplaced": {}}) == ANA
    assert ana.user.unplaced["level"] == 3
    assert [each["unlocked_at"] for each in ana.user.unplaced["user_lore_pieces"]] == [
        "2024-05-02",
        None,
    ]
    bea = users["8"]
    assert isinstance(bea, Record)
    assert bea.user.model_copy(update={"unplaced": {}}) == OldUser(
        user_id="8", first_name="Bea", kisses=3
    )


def test_the_fraction_of_a_point_is_told(tmp_path: Path) -> None:
    file = made(tmp_path / "bot.db", SCHEMA, EVERYTHING)
    repairs = [each for each in _one(file, "700000007").repairs if each.field == "points"]
    assert [(each.how, each.besitos) for each in repairs] == [("rounded_down", Decimal("0.75"))]


def test_only_its_users_have_to_be_there(tmp_path: Path) -> None:
    file = made(
        tmp_path / "bot.db", "CREATE TABLE users (id, points); INSERT INTO users VALUES (7, 5)"
    )
    assert _one(file, "7").user == OldUser(user_id="7", kisses=5)


@pytest.mark.parametrize(
    ("states", "values"),
    [
        ("telegram_id, fragment_key, visited, choices", "7, 'L1', '[\"L1\"]', '{\"L1\": \"a\"}'"),
        (
            "user_id, current_fragment, completed_fragments, decisions",
            "'7', 'L1', 'L1', '{\"L1\": \"a\"}'",
        ),
        (
            "user_id, current_fragment_id, fragments_visited, choices_made",
            '7, 1, \'["L1"]\', \'{"L1": "a"}\'',
        ),
    ],
)
def test_columns_are_known_by_several_names(tmp_path: Path, states: str, values: str) -> None:
    file = made(
        tmp_path / "bot.db",
        SCHEMA,
        "INSERT INTO users (id) VALUES (7)",
        "CREATE TABLE story_fragments (id INTEGER PRIMARY KEY, key TEXT)",
        "INSERT INTO story_fragments VALUES (1, 'L1')",
        f"DROP TABLE user_narrative_states; CREATE TABLE user_narrative_states ({states})",
        f"INSERT INTO user_narrative_states VALUES ({values})",
    )
    user = _one(file, "7").user
    assert (user.fragment, user.visited, user.choices) == ("L1", ("L1",), {"L1": "a"})


def test_ids_may_stand_in_columns_for_fractions(tmp_path: Path) -> None:
    file = made(
        tmp_path / "bot.db",
        "CREATE TABLE users (id REAL PRIMARY KEY, points REAL)",
        "INSERT INTO users VALUES (700000007, 3), (8.5, 1)",
        "CREATE TABLE vip_subscriptions (user_id INTEGER, expires_at TEXT)",
        "INSERT INTO vip_subscriptions VALUES (700000007, '2027-01-01')",
    )
    user = _one(file, "700000007").user
    assert (user.kisses, user.role) == (3, "vip")
    assert [*_read(file)[0]] == ["700000007", "8.5"]


def test_whoever_has_no_id_of_telegrams_is_refused_by_a_key_of_their_own(tmp_path: Path) -> None:
    file = made(
        tmp_path / "bot.db",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, telegram_id INTEGER, points REAL)",
        "INSERT INTO users VALUES (1, NULL, 10), (2, NULL, 20), (3, 700000007, 30)",
    )
    found, _ = _read(file)
    refused = {key: each.besitos for key, each in found.items() if isinstance(each, Refusal)}
    assert refused == {"row 1 of users": 10, "row 2 of users": 20}


def test_users_may_have_a_number_of_their_own(tmp_path: Path) -> None:
    file = made(
        tmp_path / "bot.db",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, telegram_id INTEGER, points REAL)",
        "INSERT INTO users VALUES (1, 700000007, 3), (2, 700000008, 4)",
        "CREATE TABLE vip_subscriptions (user_id INTEGER, end_date TEXT, plan_type TEXT)",
        "INSERT INTO vip_subscriptions VALUES (2, '2027-01-01', 'premium')",
    )
    assert _one(file, "700000007").user.role == "free"
    assert _one(file, "700000008").user.role == "premium"


@pytest.mark.parametrize(
    ("subscriptions", "role", "year"),
    [
        ([("2026-01-01", 1), ("2028-01-01", 1)], "vip", 2028),
        ([("2028-01-01", 1), ("2026-01-01", 1)], "vip", 2028),
        ([("2026-01-01", 1), ("2028-01-01", 0)], "vip", 2026),
        ([("2028-01-01", 0)], "free", None),
        ([("2025-13-45", 1)], "vip", None),
        ([], "free", None),
    ],
)
def test_of_several_subscriptions_the_later_end_counts(
    tmp_path: Path, subscriptions: Sequence[tuple[str, int]], role: str, year: int | None
) -> None:
    rows = "".join(
        f"INSERT INTO vip_subscriptions VALUES (7, '{end}', {on});" for end, on in subscriptions
    )
    file = made(
        tmp_path / "bot.db",
        "CREATE TABLE users (id INTEGER PRIMARY KEY); INSERT INTO users VALUES (7)",
        "CREATE TABLE vip_subscriptions (user_id INTEGER, expires_at TEXT, is_active INTEGER)",
        rows,
    )
    user = _one(file, "7").user
    assert (user.role, user.vip_until and user.vip_until.year) == (role, year)


def test_ids_and_texts_may_be_anything(tmp_path: Path) -> None:
    file = made(
        tmp_path / "bot.db",
        "CREATE TABLE users (id, first_name, points, achievements)",
        "INSERT INTO users VALUES (-5, 'Group', 1, NULL), ('ana', 'Ana', 2.5, NULL)",
        "INSERT INTO users VALUES (2.5, 'x', 3, 1), (NULL, 'none', 1, NULL), ('', '', 4, 1)",
        "INSERT INTO users VALUES (7, CAST(X'4A6F73E9' AS TEXT), 1e999, X'5B2261225D')",
        "INSERT INTO users VALUES (9, 'I', 1, '{'), (9, 'II', '2', '{}')",
    )
    users, damage = _read(file)
    assert damage == []
    refused = {key: each.besitos for key, each in users.items() if isinstance(each, Refusal)}
    assert refused == {"-5": 1, "ana": Decimal("2.5"), "2.5": 3, "without a name": 4}
    jose, last = users["7"], users["9"]
    assert isinstance(jose, Record)
    assert isinstance(last, Record)
    assert (jose.user.first_name, jose.user.kisses, jose.user.achievements) == ("José", 0, ("a",))
    assert (last.user.first_name, last.user.kisses) == ("II", 2)


def test_who_has_only_a_story_is_refused(tmp_path: Path) -> None:
    file = made(
        tmp_path / "bot.db",
        SCHEMA,
        EVERYTHING,
        "INSERT INTO user_narrative_states (user_id) VALUES (99)",
    )
    found = _read(file)[0]["99"]
    assert isinstance(found, Refusal)
    assert "none in users" in found.reason


@pytest.fixture(params=["wal", "delete", "truncate"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Any]]:
    """A database in which its bot is in the middle of a transaction."""
    file = made(tmp_path / "bot.db", SCHEMA, EVERYTHING, journal=request.param)
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as bot:
        bot.execute("BEGIN IMMEDIATE")
        bot.execute("UPDATE users SET points = 100 WHERE id = 8")
        yield file, bot


def test_the_bot_that_writes_meanwhile_is_not_locked_out(
    written: tuple[Path, sqlite3.Connection], tmp_path: Path
) -> None:
    file, bot = written
    copy = tmp_path / "copy"
    SqliteFile().copy(file, copy)
    bot.execute("COMMIT")
    assert _one(copy, "8").user.kisses == 3
    SqliteFile().copy(file, copy)
    assert _one(copy, "8").user.kisses == 100
    bot.execute("UPDATE users SET points = 4 WHERE id = 8")
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith("copy")) == [
        "copy"
    ]


def test_what_a_bot_has_left_that_died_while_writing_is_undone_in_the_copy(tmp_path: Path) -> None:
    """Its journal stands beside the file, half of its transaction in it."""
    file, crashed, copy = (tmp_path / name for name in ("bot.db", "crashed.db", "copy"))
    made(file, SCHEMA)
    with closing(sqlite3.connect(file, isolation_level=None)) as bot:
        bot.execute("PRAGMA cache_size = 1")
        rows = [(number, "x" * 1000) for number in range(1, 100)]
        bot.executemany("INSERT INTO users (id, points, username) VALUES (?, 1, ?)", rows)
        bot.execute("BEGIN IMMEDIATE")
        bot.execute("UPDATE users SET points = 0")
        shutil.copyfile(file, crashed)
        shutil.copyfile(f"{file}-journal", f"{crashed}-journal")
    before = crashed.read_bytes()
    with pytest.raises(InvalidInput, match=r"crashed\.db cannot be read"):
        list(SqliteFile().entries(crashed))
    SqliteFile().copy(crashed, copy)
    users, damage = _read(copy)
    kisses = [each.user.kisses for each in users.values() if isinstance(each, Record)]
    assert (kisses, damage) == ([1] * 99, [])
    assert crashed.read_bytes() == before


def test_a_damaged_database_gives_what_can_be_read(tmp_path: Path) -> None:
    file = made(tmp_path / "bot.db", SCHEMA)
    with closing(sqlite3.connect(file)) as connection:
        rows = [(number, "x" * 500) for number in range(1, 2000)]
        connection.executemany("INSERT INTO users (id, username) VALUES (?, ?)", rows)
        connection.commit()
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\xee" * 20_000
    file.write_bytes(content)
    copy = tmp_path / "copy"
    SqliteFile().copy(file, copy)
    _, damage = _read(copy)
    assert len(damage) == 1
    assert "disk image is malformed" in damage[0].where


@pytest.mark.parametrize("instead", [b"CREATE \xbfABLE", b"CREATE XABLE", b"\0" * 12])
def test_a_damaged_schema_is_told(tmp_path: Path, instead: bytes) -> None:
    file = made(tmp_path / "bot.db", SCHEMA, EVERYTHING)
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE", instead))
    with pytest.raises(InvalidInput, match=r"bot\.db cannot be read"):
        recognize(file)


def test_a_locked_database_is_told(tmp_path: Path) -> None:
    file = made(tmp_path / "bot.db", SCHEMA, EVERYTHING)
    with closing(sqlite3.connect(file, isolation_level=None)) as bot:
        bot.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InvalidInput, match="database is locked"):
            SqliteFile(patience=0).copy(file, tmp_path / "copy")


def test_a_file_is_read_without_a_trace(tmp_path: Path) -> None:
    file = made(tmp_path / "bot.db", SCHEMA, EVERYTHING)
    before = file.read_bytes()
    _read(file)
    assert [each.name for each in tmp_path.iterdir()] == ["bot.db"]
    assert file.read_bytes() == before


COLUMNS = st.sampled_from(
    [
        *("id", "points", "role", "vip_expires_at", "achievements", "is_vip", "user_id"),
        *("expires_at", "is_active", "status", "plan_type", "lore_piece_id", "yabot_called"),
        *("quantity", "current_fragment_key", "visited_fragments", "choices_made"),
    ]
)
VALUES = st.none() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
TABLES = st.sampled_from(
    ["users", "vip_subscriptions", "user_lore_pieces", "user_narrative_states"]
)


@given(st.dictionaries(TABLES, st.lists(st.dictionaries(COLUMNS, VALUES), max_size=2)))
def test_whatever_stands_in_rows_it_is_storable_or_refused(tables: dict[str, Any]) -> None:
    found = interpret("7", json.dumps(tables))
    if isinstance(found, Record):
        assert OldUser.model_validate_json(found.user.model_dump_json()) == found.user
    else:
        assert not tables.get("users")


@given(st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(TABLES, inner)))
def test_whatever_stands_there_nothing_is_raised(value: Any) -> None:
    assert isinstance(interpret("7", json.dumps(value)), Record | Refusal)
