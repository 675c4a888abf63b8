"""Behind a roll-back: the two functions on the old bot's own file."""

from pathlib import Path

import pytest

from yabot.errors import StoreUnavailable
from yabot.features.legacy.access.old_way import OldWay
from yabot.features.legacy.access.returned import Returned


def test_an_entry_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    text = '{"7": [900], "8": {"kisses": 1}}'
    path.write_text(text)
    old_way = OldWay(path)
    with pytest.raises(StoreUnavailable, match="no JSON object"):
        old_way.get("7")
    with pytest.raises(StoreUnavailable, match="no JSON object"):
        old_way.save(Returned.read({"telegram_id": 7, "kisses": 3}), None)
    assert path.read_text() == text
    assert old_way.get("8")["kisses"] == 1
