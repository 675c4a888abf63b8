"""An import waits for those who follow it, and not for those who are not there."""

from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from yabot.features.legacy.importing.breath import Breath
from yabot.runtime.lock import data_directory_lock

MOST = 10


class Told:
    """Stands for a database: says at each look how much waits then."""

    def __init__(self, *looks: Mapping[str, int]) -> None:
        self._looks: Iterator[Mapping[str, int]] = chain(looks, repeat(looks[-1]))
        self.looks = 0

    async def read(self, _query: object) -> Mapping[str, int]:
        self.looks += 1
        return next(self._looks)


def breath(told: Any, folder: Path, patience: float = 60.0) -> Breath:
    return Breath(
        told, folder, lambda _: {}, elsewhere=True, most=MOST, patience=patience, look_every=0.0
    )


async def test_waits_for_nobody_when_little_waits(tmp_path: Path) -> None:
    told = Told({"documents": MOST, "events": 0})
    await breath(told, tmp_path).take(0.0)
    assert told.looks == 1


async def test_waits_until_no_queue_is_long(tmp_path: Path) -> None:
    told = Told(
        {"documents": 30, "events": 5},
        {"documents": 20, "events": 12},
        {"documents": 5, "events": 11},
        {"documents": 5, "events": 9},
    )
    await breath(told, tmp_path).take(0.0)
    assert told.looks == 4


async def test_does_not_wait_again_for_who_works_nothing_off(tmp_path: Path) -> None:
    told = Told({"events": 50})
    breathing = breath(told, tmp_path, patience=0.0)
    await breathing.take(0.0)
    gave_up_after = told.looks
    await breathing.take(0.0)
    assert told.looks == gave_up_after + 1


async def test_waits_for_documents_alone_where_no_program_can_be(tmp_path: Path) -> None:
    told = Told({"documents": 20, "events": 50}, {"documents": 2, "events": 50})
    breathing = breath(told, tmp_path)
    breathing.elsewhere = False
    await breathing.take(0.0)
    assert told.looks == 2


async def test_waits_again_when_a_program_has_come(tmp_path: Path) -> None:
    told = Told({"events": 50}, {"events": 50}, {"events": 50}, {"events": 50}, {"events": 3})
    breathing = breath(told, tmp_path, patience=0.0)
    while "events" not in breathing._left_alone:
        await breathing.take(0.0)
    with data_directory_lock(tmp_path / "data"):
        breathing.data_dir = tmp_path / "data"
        breathing.patience = 60.0
        await breathing.take(0.0)
    assert not breathing._left_alone
