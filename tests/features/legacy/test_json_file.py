"""Users of ``db.json``, in the order of the file and whatever is broken between them."""

import json
from pathlib import Path
from typing import Any

from yabot.features.legacy.record import Record
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.port import Damage, Entry


def _read(path: Path) -> tuple[dict[str, Any], list[Damage]]:
    found = list(JsonFile().entries(path))
    users = {each.key: json.loads(each.text) for each in found if isinstance(each, Entry)}
    return users, [each for each in found if isinstance(each, Damage)]


def test_what_python_has_written_is_read(tmp_path: Path) -> None:
    users = {str(number): {"kisses": number, "first_name": "José 💋"} for number in range(1, 4)}
    file = tmp_path / "db.json"
    for options in ({}, {"indent": 2}, {"ensure_ascii": False}, {"separators": (",", ":")}):
        file.write_text(json.dumps(users, **options), encoding="utf-8")
        assert _read(file) == (users, [])


def test_a_user_is_interpreted(tmp_path: Path) -> None:
    file = tmp_path / "db.json"
    file.write_text(json.dumps({"7": {"kisses": 3, "role": "vip"}}))
    [entry] = JsonFile().entries(file)
    assert isinstance(entry, Entry)
    record = JsonFile().interpret(entry)
    assert isinstance(record, Record)
    assert (record.user.user_id, record.user.kisses, record.user.role) == ("7", 3, "vip")
