"""What stands in an old bot's file and is not as the old bot should have written it."""

import sys

import pytest

from tests.features.legacy.side_by_side.both import Both
from yabot.features.legacy import waiting
from yabot.features.legacy.old_files.old_format import MOST_WRITTEN
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.verifying.verifier import Subject, Verifier


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


# Each can be loaded by the old bot, and none be read here.
REFUSED = ("[900]", '"nothing but text"', '{"telegram_id": 8, "metadata": ' + "[" * 300 + "]" * 300)


@pytest.mark.parametrize("entry", REFUSED)
async def test_an_entry_that_cannot_be_read_is_not_written_over(both: Both, entry: str) -> None:
    entry += "}" * (entry.count("{") - entry.count("}"))
    text = f'{{"7": {{"kisses": 1}}, "8": {entry}}}'
    write(both, text)
    await both.round()
    await both.comes(8)
    await both.earns(8, 4)
    await both.rounds()
    assert both.old.path.read_text() == text
    assert await both.house.world.services.database.read(waiting.count) == 0
    # Mended, it is followed.
    write(both, '{"7": {"kisses": 1}, "8": {"kisses": 900}}')
    await both.rounds()
    assert await both.has(8) == both.there()["8"]["kisses"] == 904
    # Who is to be forgotten goes, whatever is there.
    write(both, text)
    await both.house.world.delete(user_id="8")
    await both.rounds()
    assert [*both.there()] == ["7"]


async def test_many_things_are_had_once(both: Both) -> None:
    """Some that the old bot takes away are no reason to give all others again."""
    write(both, '{"7": {"telegram_id": 7, "kisses": 0, "inventory": ["rosa"]}}')
    await both.round()
    await both.comes(7)
    await both.gets("rosa", 7, quantity=MOST_WRITTEN)
    await both.rounds()
    profile = both.there()["7"]
    assert len(profile["inventory"]) == MOST_WRITTEN
    profile |= {"inventory": profile["inventory"][2:], "kisses": 3}
    both.old.save_user_profile(profile)
    await both.rounds()
    assert await both.house.owned("7") == {"rosa": MOST_WRITTEN - 1}
    assert await both.has(7) == 3


async def test_metadata_that_is_no_object_is_kept(both: Both) -> None:
    write(both, '{"7": {"telegram_id": 7, "kisses": 0, "metadata": ["nada"]}}')
    await both.round()
    await both.comes(7)
    for kisses in (3, 6):
        await both.earns(7, 3)
        await both.rounds()
        stands = both.there()["7"]
        assert (stands["kisses"], stands["metadata"]["yabot_metadata"]) == (kisses, ["nada"])
    assert (await both.house.kept("7")).fields["metadata"] == ["nada"]
    services = both.house.world.services
    verifier = Verifier(services, both.dual.following.folder, waits=())
    found = await verifier.run(Subject(JsonFile(), both.old.path, mirrored=True))
    assert found.is_clean
