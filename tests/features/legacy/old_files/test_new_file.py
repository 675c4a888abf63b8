"""A file in the old bot's format, made anew."""

import json
from pathlib import Path

from yabot.features.legacy.old_files.new_file import NewFile


def test_what_the_old_bot_could_not_read_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    with NewFile.replacing(path) as file:
        assert file.add("7", '{"kisses": 1}')
        assert not file.add("8", '{"kisses": 1,,}')
        assert not file.add("9", "[" * 100_000 + "]" * 100_000)
        assert not file.add("10", "9" * 5000)
    assert json.loads(path.read_text()) == {"7": {"kisses": 1}}


def test_a_line_break_in_a_text_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    with NewFile.replacing(path) as file:
        assert file.add("7", '{"mood": "a\nb"}')
    assert json.loads(path.read_text()) == {"7": {"mood": "a\nb"}}
