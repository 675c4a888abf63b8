"""What stands in an old bot's file and is not as the old bot should have written it."""

import sys

import pytest

from tests.features.legacy.side_by_side.both import Both


def write(both: Both, text: str) -> None:
    both.old.path.write_text(text)


async def test_half_a_surrogate_pair_holds_nobody_up(both: Both) -> None:
    write(both, '{"7": {"first_name": "José"}, "8": {"first_name": "Ana \\ud83d", "kisses": 1}}')
    await both.round()
    await both.comes(8)
    await both.earns(8, 4)
    await both.rounds()
    assert both.there()["8"]["kisses"] == 5
    assert both.there()["7"]["first_name"] == "José"


async def test_whatever_ends_a_write_uses_up_no_mark(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eight earlier ones only it is remembered what was agreed on."""
    write(both, '{"7": {"telegram_id": 7, "kisses": 1, "metadata": {}}}')
    await both.round()
    await both.comes(7)
    await both.earns(7, 4)
    both.dual.mirror.small = 0
    with monkeypatch.context() as without_python:
        without_python.setattr(sys, "executable", str(both.old.path.with_name("no-python")))
        for _ in range(10):
            with pytest.raises(FileNotFoundError):
                await both.round()
    both.earns_there(7, 2)
    both.dual.mirror.small = 2**20
    await both.rounds()
    assert await both.has(7) == both.there()["7"]["kisses"] == 7
